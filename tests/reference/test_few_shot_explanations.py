"""Ratings of free-text explanations (Wiegreffe et al., NAACL 2022): five sources, questions put to some annotators.

The paper draws its agreement and prints no table, so the golden numbers were computed apart from Prism, with other
libraries; the files are not part of Prism.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.agreement import gwet_ac
from analysis.stats.krippendorff import alpha
from tests.reference.golden import answers, questions

pytestmark = pytest.mark.shared

SOURCES = (
    "commonsenseqa_cose",
    "commonsenseqa_ecqa",
    "commonsenseqa_gpt3_greedy",
    "snli_esnli",
    "snli_gpt3_greedy",
)


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "ratings" / "few_shot_explanations"


def test_every_question_was_answered_by_as_many_as_counted_apart(folder: Path) -> None:
    golden = json.loads((folder / "golden.json").read_text())
    assert tuple(golden) == SOURCES
    assert sum(map(len, golden.values())) == 33
    for source, by_question in golden.items():
        wide = questions(folder, source)
        for question, given in by_question.items():
            n = answers(wide, question).counts("question").sum(axis=1)
            assert {str(k): int((n == k).sum()) for k in np.unique(n)} == given["items_by_n"]


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
    counts = answers(wide, "Answer.grammar").counts("question")
    assert wide["Answer.grammar"].mean() == pytest.approx(0.9733, abs=5e-5)
    assert alpha(counts, "nominal").value == pytest.approx(-0.0122, abs=5e-5)
    assert gwet_ac(counts).value == pytest.approx(0.9726, abs=5e-5)
