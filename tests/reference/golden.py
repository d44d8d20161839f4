"""Numbers of sets whose papers print none that could be had: computed apart from Prism, with other libraries.

The files lie with the sets, beside the project; the tests hold to the same ones, and `python -m tests.reference` lists
them in a table of their own.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.stats.agreement import fleiss_kappa, gwet_ac, randolph_kappa
from analysis.stats.correlation import correlate
from analysis.stats.crossed_reliability import full_table, icc_twoway, kendall_w
from analysis.stats.krippendorff import alpha
from analysis.stats.ratings import RatingTable
from analysis.stats.reliability import icc_oneway
from tests.reference.checks import Check, Compared

WITHIN = 1e-9
CANNOT_JUDGE = -9
COEFFICIENTS = {"pearsonr": "pearson", "spearmanr": "spearman", "kendalltau": "kendall"}


def dialogues(sets: Path) -> RatingTable:
    """DialSummEval: three annotators, the same on every card."""
    wide = pd.read_csv(sets / "dialsummeval" / "ratings_wide.csv")
    long = wide.melt(["dialogue_id", "system"])
    long[["criterion", "annotator"]] = long["variable"].str.split("_", expand=True)
    return RatingTable.from_frame(long.rename(columns={"dialogue_id": "case"}))


def dialogue_agreement(sets: Path) -> Iterator[Compared]:
    table = dialogues(sets)
    for criterion, golden in json.loads(
        (sets / "dialsummeval" / "golden_agreement.json").read_text()
    ).items():
        counts, values = table.counts(criterion), full_table(table, criterion).values
        kappa, two_way, one_way = fleiss_kappa(counts), icc_twoway(values), icc_oneway(counts)
        found = {
            "fleiss": kappa.value,
            "se0": kappa.se0,
            "randolph": randolph_kappa(counts).value,
            "AC1": gwet_ac(counts).value,
            "W": kendall_w(values).w,
        }
        wanted = {name: golden[name] for name in found}
        for level in ("nominal", "ordinal", "interval"):
            found[level], wanted[level] = alpha(counts, level).value, golden["alpha"][level]
        icc = {
            "ICC1": one_way.single,
            "ICC1k": one_way.mean,
            "ICC2": two_way.agreement_single.value,
            "ICC2k": two_way.agreement_mean.value,
            "ICC3": two_way.consistency_single.value,
            "ICC3k": two_way.consistency_mean.value,
        }
        found |= icc
        wanted |= {name: golden["icc"][name] for name in icc}
        for name, value in found.items():
            yield Compared(f"{criterion} {name}", wanted[name], float(value), WITHIN)


def dialogue_correlations(sets: Path) -> Iterator[Compared]:
    folder, table = sets / "dialsummeval", dialogues(sets)
    golden = pd.read_csv(folder / "golden_metric_correlations.csv")
    wide = pd.read_csv(folder / "metrics_wide.csv")
    totals = {criterion: table.case_totals(criterion) for criterion in table.criteria}
    for row in golden[golden.human == "mean"].to_dict("records"):
        grid = wide.pivot(index="dialogue_id", columns="system", values=row["metric"])
        for suffix, coefficient in COEFFICIENTS.items():
            for level, prefix in (("system", "sys"), ("case", "item")):
                one = correlate(grid, totals[row["dim"]], level=level, coefficient=coefficient)  # type: ignore[arg-type]
                name = f"{row['metric']} {row['dim']} {level} {coefficient}"
                yield Compared(name, row[f"{prefix}_{suffix}"], float(one.value), WITHIN)  # type: ignore[arg-type]


def questions(folder: Path, source: str) -> pd.DataFrame:
    """Few-shot explanations: one row an annotator and explanation; NaN where a question was not put."""
    wide = pd.read_csv(folder / f"{source}.csv").rename(columns={"Input.id": "case"})
    both = wide.pop("Answer.generality_factuality")
    # One question asks two things: is it a claim about the world (else -9), and is the claim true.
    wide["gen"] = np.where(both == CANNOT_JUDGE, -1, 1)
    wide["fact"] = both.where(both != CANNOT_JUDGE)
    return wide


def answers(wide: pd.DataFrame, question: str) -> RatingTable:
    """Three slots a case; the points are those in use, as the golden numbers have it."""
    frame = pd.DataFrame(
        {
            "annotator": wide.groupby("case").cumcount().astype(str),
            "case": wide["case"],
            "system": "source",
            "criterion": "question",
            "value": wide[question],
        }
    )
    points = sorted(int(value) for value in wide[question].dropna().unique())
    return RatingTable.from_frame(frame, levels=points, annotators_identified=False)


def explanation_agreement(sets: Path) -> Iterator[Compared]:
    folder = sets / "few_shot_explanations"
    for source, by_question in json.loads((folder / "golden.json").read_text()).items():
        wide = questions(folder, source)
        for question, given in by_question.items():
            made = answers(wide, question)
            counts, levels = made.counts("question"), made.levels
            found = {
                "n_ratings": made.n_ratings("question"),
                "mean": wide[question].mean(),
                "item_mean_mean": made.case_means("question")["source"].mean(),
                "alpha_nominal": alpha(counts, "nominal", levels=levels).value,
                "alpha_ordinal": alpha(counts, "ordinal", levels=levels).value,
                "alpha_interval": alpha(counts, "interval", levels=levels).value,
                "fleiss_gwet": fleiss_kappa(counts, levels=levels).value,
                "fleiss_pooled": fleiss_kappa(counts, levels=levels, shares="pooled").value,
                "AC1": gwet_ac(counts).value,
            }
            for name, value in found.items():
                yield Compared(f"{source} {question} {name}", given[name], float(value), WITHIN)


APART = "computed apart"
GOLDEN = (
    Check("dialsummeval", "agreement of three annotators", APART, "1e-9", dialogue_agreement),
    Check("dialsummeval", "metrics with ratings", APART, "1e-9", dialogue_correlations),
    Check("few_shot_explanations", "33 questions of five sources", APART, "1e-9", explanation_agreement),
)
