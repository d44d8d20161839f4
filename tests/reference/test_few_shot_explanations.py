"""Ratings of free-text explanations (Wiegreffe et al., NAACL 2022): five sources, questions put to some annotators.

The paper draws its agreement and prints no table, so the golden numbers were computed apart from Prism, with other
libraries; the files are not part of Prism.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.agreement import alpha, fleiss_kappa, gwet_ac
from analysis.stats.ratings import RatingTable

pytestmark = pytest.mark.shared

SOURCES = (
    "commonsenseqa_cose",
    "commonsenseqa_ecqa",
    "commonsenseqa_gpt3_greedy",
    "snli_esnli",
    "snli_gpt3_greedy",
)
CANNOT_JUDGE = -9


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "ratings" / "few_shot_explanations"


def questions(folder: Path, source: str) -> pd.DataFrame:
    """One row an annotator and explanation; NaN where a question was not put."""
    wide = pd.read_csv(folder / f"{source}.csv").rename(columns={"Input.id": "case"})
    both = wide.pop("Answer.generality_factuality")
    # One question asks two things: is it a claim about the world (else -9), and is the claim true.
    wide["gen"] = np.where(both == CANNOT_JUDGE, -1, 1)
    wide["fact"] = both.where(both != CANNOT_JUDGE)
    return wide


def table(wide: pd.DataFrame, question: str) -> RatingTable:
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


def test_all_33_questions(folder: Path) -> None:
    golden = json.loads((folder / "golden.json").read_text())
    assert tuple(golden) == SOURCES
    compared = 0
    for source, by_question in golden.items():
        wide = questions(folder, source)
        for question, given in by_question.items():
            made = table(wide, question)
            counts = made.counts("question")
            n = counts.sum(axis=1)
            assert {str(k): int((n == k).sum()) for k in np.unique(n)} == given["items_by_n"]
            assert made.n_ratings("question") == given["n_ratings"]
            found = {
                "mean": float(wide[question].mean()),
                "item_mean_mean": float(made.case_means("question")["source"].mean()),
                "alpha_nominal": alpha(counts, "nominal", levels=made.levels).value,
                "alpha_ordinal": alpha(counts, "ordinal", levels=made.levels).value,
                "alpha_interval": alpha(counts, "interval", levels=made.levels).value,
                "fleiss_gwet": fleiss_kappa(counts, levels=made.levels).value,
                "fleiss_pooled": fleiss_kappa(counts, levels=made.levels, shares="pooled").value,
                "AC1": gwet_ac(counts).value,
            }
            assert found == pytest.approx({name: given[name] for name in found}, rel=0, abs=1e-9), (
                source,
                question,
            )
            compared += 1
    assert compared == 33


@pytest.mark.parametrize(("source", "value"), [("commonsenseqa", 0.401415), ("snli", 0.497132)])
def test_acceptability_of_five_explanations_at_once(folder: Path, source: str, value: float) -> None:
    """Three annotators ticked the acceptable ones of five; alpha over all 250 x 5 explanations."""
    wide = pd.read_csv(folder / f"acceptability_{source}_test.csv", dtype={"Answer.acceptable": str})
    ticked = wide["Answer.acceptable"].fillna("").str.split("|")
    parts = [
        pd.DataFrame(
            {"case": wide["Input.id"], "which": which, "yes": [str(which) in marks for marks in ticked]}
        )
        for which in range(1, 6)
    ]
    counts = (
        pd.concat(parts).groupby(["case", "which"])["yes"].agg([lambda yes: (~yes).sum(), "sum"]).to_numpy()
    )
    assert len(counts) == 250 * 5
    assert (counts.sum(axis=1) == 3).all()
    assert alpha(counts, "nominal").value == pytest.approx(value, rel=0, abs=5e-7)


def test_nearly_everybody_agrees_and_alpha_is_below_zero(folder: Path) -> None:
    # Grammar of GPT-3 on CommonsenseQA: mean .97, alpha -.0122, AC1 .9726.
    wide = questions(folder, "commonsenseqa_gpt3_greedy")
    counts = table(wide, "Answer.grammar").counts("question")
    assert wide["Answer.grammar"].mean() == pytest.approx(0.9733, abs=5e-5)
    assert alpha(counts, "nominal").value == pytest.approx(-0.0122, abs=5e-5)
    assert gwet_ac(counts).value == pytest.approx(0.9726, abs=5e-5)
