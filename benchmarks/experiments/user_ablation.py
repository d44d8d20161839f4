"""What does the user vector do? The full student, one retrained without, the full one with zeroed and permuted users.

python -m benchmarks.experiments.user_ablation --out DIR
"""

from collections.abc import Iterable

from benchmarks.experiments.setting import Setting


def settings(seeds: Iterable[int]) -> list[Setting]:
    """Zeroed and permuted are measured on the full student; only `without` is trained anew."""
    return [
        setting
        for seed in seeds
        for setting in (Setting(seed=seed), Setting(seed=seed, with_user=False, user_dropout=0.0))
    ]
