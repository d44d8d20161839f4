"""What is left where little or nothing is known of a user? By length of history, for known and unknown users.

python -m benchmarks.experiments.cold_start --out DIR
"""

from collections.abc import Iterable

from benchmarks.experiments.setting import Setting

DROPOUTS = (0.1, 0.0)
N_USERS = 400
"""Known ones, a hundred a bucket; as many unknown ones are tested."""
STEPS = 1200
"""More than the demo's: prompts of one to fifty titles are harder than prompts of eight."""


def settings(seeds: Iterable[int]) -> list[Setting]:
    return [
        Setting(seed=seed, histories="any", n_users=N_USERS, steps=STEPS, user_dropout=dropout)
        for seed in seeds
        for dropout in DROPOUTS
    ]
