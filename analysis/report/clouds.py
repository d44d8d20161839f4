"""Single texts for a drawing: of each criterion the metric that follows it most closely, where texts are few enough."""

import numpy as np

from analysis.report.findings.metrics import Cloud, CloudOfSystem
from analysis.report.findings.study import StudyFindings
from analysis.report.relating import left_out, writers_of
from analysis.report.scatter import closest
from analysis.report.scores import ScoreTable
from analysis.report.svg import COLOURS
from analysis.stats.ratings import RatingTable

MOST_TEXTS = 800
"""More points hide each other."""


def clouds(table: RatingTable, scores: ScoreTable, findings: StudyFindings) -> tuple[Cloud, ...]:
    """Texts that have a score and a rating, without those that the metric's correlation leaves out."""
    found = []
    for criterion in findings.criteria:
        metric = closest(findings, criterion)
        if metric is None:
            continue
        out = left_out(metric, table.systems, writers_of(findings.systems))
        systems = [system for system in table.systems if system not in out]
        x = scores.by_text(metric.name, table.cases, systems).to_numpy()
        y = table.case_means(criterion.key)[systems].to_numpy()
        held = ~np.isnan(x + y)
        if len(systems) > len(COLOURS) or not 1 < held.sum() <= MOST_TEXTS:
            continue
        columns = [
            CloudOfSystem(
                system,
                tuple(x[held[:, place], place].tolist()),
                tuple(y[held[:, place], place].tolist()),
            )
            for place, system in enumerate(systems)
            if held[:, place].any()
        ]
        found.append(Cloud(criterion.key, metric.name, tuple(columns)))
    return tuple(found)
