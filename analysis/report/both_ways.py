"""Differences between systems once more, with intervals over cases and annotators: `Comparison` in and out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.report.findings.comparisons import Comparison
from analysis.report.numbers import as_number
from analysis.stats.estimates import Undefined
from analysis.stats.ratings import RatingTable
from analysis.stats.two_way import two_way

METHOD = "the same difference; its interval speaks of other annotators as well as of other cases"


def with_annotators(
    rows: Sequence[Comparison],
    table: RatingTable,
    *,
    seed: int,
    stream: int,
    confidence: float,
    n_resamples: int,
) -> list[Comparison]:
    """The rows of the paired design with `two_way`; the others as they were."""
    drawn = {
        criterion: two_way(
            table,
            criterion,
            rng=np.random.default_rng([seed, stream, table.criteria.index(criterion)]),
            n_resamples=n_resamples,
        )
        for criterion in dict.fromkeys(row.criterion for row in rows if row.design == "paired")
    }
    answer = []
    for row in rows:
        found = drawn.get(row.criterion)
        if row.design != "paired" or found is None or row.difference.value is None:
            answer.append(row)
            continue
        places = table.systems.index(row.first), table.systems.index(row.second)
        interval = found if isinstance(found, Undefined) else found.interval(*places, confidence=confidence)
        number = as_number(row.n_cases, "cases", METHOD, row.difference.value, interval, seed=seed)
        answer.append(replace(row, two_way=number))
    return answer
