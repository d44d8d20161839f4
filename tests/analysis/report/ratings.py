"""Small rating tables whose answers can be worked out by hand."""

import pandas as pd

from analysis.report.analyse import Subject, analyse
from analysis.report.findings.study import StudyFindings
from analysis.report.scores import ScoreTable
from analysis.stats.ratings import RatingTable

SYSTEMS = ("prism", "teacher")
CREATED = "2026-01-02T03:04:05+00:00"


def frame(n_cases: int = 8, *, simulated: bool = False) -> pd.DataFrame:
    """Three annotators, two systems, two criteria; prism is a little better, and one card could not be "
    "judged."""
    rows = []
    for case in range(n_cases):
        for place, system in enumerate(SYSTEMS):
            for annotator in range(3):
                for shift, criterion in enumerate(("faithfulness", "personalisation")):
                    value = 1 + (case + annotator * (case % 2) + shift) % 4 + (1 - place)
                    rows.append((f"A{annotator}", f"case {case}", system, criterion, value, 20.0, simulated))
    table = pd.DataFrame(
        rows, columns=["annotator", "case", "system", "criterion", "value", "seconds", "simulated"]
    )
    table["value"] = table["value"].astype("float64")
    table.loc[0, "value"] = float("nan")
    table.loc[24, "value"] = (
        5.0  # case 2, prism, A0, faithfulness: 4 by the rule; now the differences have a spread
    )
    return table


def scores(n_cases: int = 8) -> pd.DataFrame:
    """One metric a text, undefined for one of them, and one of the corpus."""
    rows: list[tuple[str, str, str, object]] = []
    for case in range(n_cases):
        for place, system in enumerate(SYSTEMS):
            rows.append(
                (f"case {case}", system, "rouge-l", "" if case == 3 else 0.1 * (case % 4) + 0.05 * place)
            )
    rows += [("", system, "distinct-1", 0.5) for system in SYSTEMS]
    return pd.DataFrame(rows, columns=["case", "system", "metric", "value"])


def findings(
    *,
    simulated: bool = False,
    with_scores: bool = True,
    seed: int = 5,
    subject: Subject | None = None,
    kind: str = "unblinded",
) -> StudyFindings:
    table = RatingTable.from_frame(frame(simulated=simulated))
    given = ScoreTable.from_frame(scores(), systems=table.systems) if with_scores else None
    return analyse(
        table,
        given,
        subject=subject or Subject(title="Evening films"),
        seed=seed,
        created=CREATED,
        kind=kind,  # type: ignore[arg-type]
        n_resamples=200,
        n_permutations=99,
    )
