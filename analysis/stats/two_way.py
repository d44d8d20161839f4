"""What would other cases AND other annotators have said? A bootstrap that draws both.

The t-test over cases speaks of other cases judged by the same people. Here cases are drawn with replacement and
annotators are drawn with replacement, each rating counts as often as its case times its annotator was drawn, and the
difference of two systems is taken anew. Annotators who disagree about systems widen the interval, as they should.

It errs to the wide side: what is neither of cases nor of annotators is drawn by both and counts up to three times in
the variance (Owen's pigeonhole bootstrap). `python -m benchmarks.two_way_coverage` counts how often it covers.

References: Owen (2007) Annals of Applied Statistics 1; Owen & Eckles (2012) Annals of Applied Statistics 6.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from analysis.stats.estimates import Interval, MaybeInterval, Undefined
from analysis.stats.ratings import RatingTable

Array = npt.NDArray[np.float64]

FEWEST_ANNOTATORS = 5
"""Fewer have too few different resamples to say anything of other annotators."""
_BATCH_CELLS = 1 << 21


@dataclass(frozen=True, eq=False)
class TwoWay:
    """Resampled differences of systems on one criterion, kept so that every pair can be asked."""

    systems: tuple[str, ...]
    n_annotators: int
    n_resamples: int
    sums: Array
    """Shape (n_resamples, n_pairs): summed differences of case means, cases counted as drawn."""
    weight: Array
    """Shape (n_resamples, n_pairs): cases drawn that have a mean of both systems."""
    pairs: tuple[tuple[int, int], ...]

    def interval(self, first: int, second: int, *, confidence: float = 0.95) -> MaybeInterval:
        """Percentile interval of the mean difference of two systems, by their places in `systems`."""
        place, sign = self.pairs.index((min(first, second), max(first, second))), 1 if first < second else -1
        kept = self.weight[:, place] > 0
        if kept.mean() < 0.5:
            return Undefined("most resamples hold no case that was rated for both systems")
        drawn = sign * self.sums[kept, place] / self.weight[kept, place]
        if np.ptp(drawn) <= 1e-12:
            return Undefined("every resample gave the same difference, which says nothing of the error")
        tail = (1 - confidence) / 2
        low, high = (float(end) for end in np.quantile(drawn, [tail, 1 - tail]))
        words = f"percentile bootstrap over cases and {self.n_annotators} annotators, {self.n_resamples:,} resamples"
        return Interval(low, high, confidence, words, self.n_resamples, int((~kept).sum()))


def two_way(
    table: RatingTable, criterion: str, *, rng: np.random.Generator, n_resamples: int = 2000
) -> TwoWay | Undefined:
    """Draw cases and annotators of one criterion, for all pairs of systems at once; second looks are left out.

    The statistic is that of the paired test: within each case the mean over annotators, as often as they were drawn,
    then the mean over the cases drawn of the difference. A case none of whose annotators was drawn is left out of the
    resample.

    Returns:
        Undefined where names do not follow persons, or where there are too few annotators.
    """
    if not table.annotators_identified:
        return Undefined("names of annotators do not follow persons, so they cannot be drawn")
    rows = table.first_looks(criterion)
    rows = rows[table.point[rows] >= 0]
    people, person = np.unique(table.annotator[rows], return_inverse=True)
    if len(people) < FEWEST_ANNOTATORS:
        return Undefined(f"{len(people)} annotators; drawing them needs {FEWEST_ANNOTATORS} or more")
    cases, case = np.unique(table.case[rows], return_inverse=True)
    k, n = len(table.systems), len(cases)
    text = case * k + table.system[rows]
    value = np.asarray(table.levels, dtype=np.float64)[table.point[rows]]
    shape = (n * k, len(people))
    given = sparse.csr_array((np.ones(len(rows)), (text, person)), shape=shape)
    worth = sparse.csr_array((value, (text, person)), shape=shape)
    pairs = tuple((a, b) for a in range(k) for b in range(a + 1, k))
    firsts, seconds = (np.array([pair[side] for pair in pairs], dtype=np.intp) for side in (0, 1))
    sums, weight = np.zeros((n_resamples, len(pairs))), np.zeros((n_resamples, len(pairs)))
    batch = max(1, _BATCH_CELLS // max(n * k, n * len(pairs)))
    for start in range(0, n_resamples, batch):
        size = min(batch, n_resamples - start)
        of_people = _drawn(len(people), size, rng)
        of_cases = _drawn(n, size, rng)
        times = (given @ of_people.T).reshape(n, k, size)
        with np.errstate(invalid="ignore"):
            means = (worth @ of_people.T).reshape(n, k, size) / times
        gap = means[:, firsts] - means[:, seconds]  # (n_cases, n_pairs, size)
        there = ~np.isnan(gap)
        sums[start : start + size] = np.einsum("bc,cpb->bp", of_cases, np.where(there, gap, 0.0))
        weight[start : start + size] = np.einsum("bc,cpb->bp", of_cases, there)
    return TwoWay(table.systems, len(people), n_resamples, sums, weight, pairs)


def _drawn(n: int, size: int, rng: np.random.Generator) -> Array:
    """How often each of n was drawn, shape (size, n)."""
    draws = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
    return np.bincount(draws.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
