"""Reads figures out of finished cells: one value a world, for a setting and a place in its cell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.experiments.estimates import Estimate, over_worlds, paired
from benchmarks.experiments.ledger import Ledger
from benchmarks.experiments.setting import SMOKE, Setting


class Findings:
    """A ledger seen by setting. Cells that were not run are missing worlds: n says how many there are."""

    def __init__(self, ledger: Ledger, seeds: Iterable[int], *, smoke: bool = False) -> None:
        self.ledger, self.seeds, self.smoke = ledger, tuple(seeds), smoke

    def cell(self, setting: Setting) -> dict[str, Any] | None:
        return self.ledger.cells.get((setting.but(**SMOKE) if self.smoke else setting).id)

    def values(self, setting: Setting, *place: str) -> dict[int, float]:
        """Seed -> value, for the seeds that have one."""
        found = {}
        for seed in self.seeds:
            value: Any = self.cell(setting.but(seed=seed))
            for key in place:
                value = value.get(key) if isinstance(value, Mapping) else None
            if isinstance(value, int | float):
                found[seed] = float(value)
        return found

    def mean(self, setting: Setting, *place: str) -> Estimate | None:
        return over_worlds(list(self.values(setting, *place).values()))

    def difference(
        self,
        setting: Setting,
        place: Sequence[str],
        other_place: Sequence[str],
        *,
        other: Setting | None = None,
    ) -> Estimate | None:
        """The value at `place` minus the one at `other_place` (of `other`, else of the same cell), by seed."""
        return paired(self.values(setting, *place), self.values(other or setting, *other_place))
