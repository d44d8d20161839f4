"""Results with and without the excluded: both readings are those of their own ratings, and the bundle holds them."""

from functools import cache

import pandas as pd
import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.beside import Beside
from analysis.report.bundle import bundle, data_files
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Excluded
from analysis.report.page import sections
from analysis.report.sensitivity import sensitivity_tables
from analysis.report.verify import verify
from analysis.stats.rating_columns import BadRatings
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

WHO = (Excluded("A9", "Too fast to have read", after_unblinding=True),)


def straight(value: float = 1.0, *, name: str = "A9") -> pd.DataFrame:
    """Somebody who marked prism so low, and teacher 5, whatever stood there."""
    out = ratings.frame().query("annotator == 'A0'").copy()
    out["annotator"] = name
    out["value"] = [value if system == "prism" else 5.0 for system in out["system"]]
    return out.reset_index(drop=True)


def findings(
    excluded: pd.DataFrame, *, given: pd.DataFrame | None = None, kind: str = "unblinded"
) -> StudyFindings:
    return analyse(
        RatingTable.from_frame(ratings.frame() if given is None else given),
        subject=Subject(title="Evening films", excluded=WHO),
        seed=5,
        created=ratings.CREATED,
        kind=kind,  # type: ignore[arg-type]
        n_resamples=100,
        n_permutations=99,
        beside=Beside(excluded=excluded),
    )


@cache
def usual() -> StudyFindings:
    return findings(straight())


def test_both_readings_are_what_their_ratings_give_alone() -> None:
    found = usual()
    assert found.sensitivity.excluded == (Excluded("A9", "Too fast to have read", True, 32),)
    whole = findings(straight(name="A8"), given=pd.concat([ratings.frame(), straight()]))
    for row in found.sensitivity.agreement:
        other = next(one for one in whole.agreement if one.criterion == row.criterion)
        counted = next(one for one in found.agreement if one.criterion == row.criterion)
        assert row.everybody.value == getattr(other, row.coefficient).value
        assert row.counted == getattr(counted, row.coefficient)
    assert {row.coefficient for row in found.sensitivity.agreement} >= {"fleiss", "alpha_ordinal", "exact"}
    for row, own, other in zip(
        found.sensitivity.differences, found.comparisons, whole.comparisons, strict=True
    ):
        assert (row.counted, row.p_holm) == (own.difference, own.p_holm)
        assert row.everybody.value == other.difference.value
        assert row.p_holm_everybody == other.p_holm
        assert row.everybody.value < row.counted.value


def test_without_them_nothing_else_of_the_report_changes() -> None:
    with_them, plain = usual(), findings(straight().iloc[:0])
    assert plain.sensitivity is None
    for name in ("agreement", "comparisons", "counts", "prevalence"):
        assert getattr(with_them, name) == getattr(plain, name)
    assert "sensitivity" not in [section.key for section in sections(plain)]
    assert sensitivity_tables(plain) == []


def test_what_is_decided_otherwise_is_named() -> None:
    section = next(one for one in sections(usual()) if one.key == "sensitivity")
    said = " ".join(section.sentences)
    assert "A9 (Too fast to have read, 32 ratings, after unblinding)" in said
    turned, flat = usual().sensitivity.differences
    assert turned.p_holm < 0.05 > turned.p_holm_everybody, "significant either way, and for the other system"
    assert turned.counted.value > 0 > turned.everybody.value
    assert (flat.p_holm, flat.p_holm_everybody) == (None, None)
    assert (
        "Of 2 comparisons, 1 would be decided otherwise at 0.05: prism against teacher on Faithfulness."
        in said
    )
    assert [table.key for table in section.tables] == ["sensitivity-agreement", "sensitivity-differences"]


def test_a_blind_report_shows_agreement_alone() -> None:
    found = findings(straight(), kind="pooled")
    assert found.sensitivity.differences == ()
    assert [table.key for table in sensitivity_tables(found)] == ["sensitivity-agreement"]
    assert StudyFindings.from_json(found.to_json()) == found


def test_somebody_who_counts_is_not_excluded_as_well() -> None:
    with pytest.raises(BadRatings, match="A0"):
        findings(straight(name="A0"))


def test_a_bundle_with_the_excluded_is_verified_from_its_own_data() -> None:
    found = analyse(
        RatingTable.from_frame(ratings.frame()),
        subject=Subject(title="Evening films", excluded=WHO),
        seed=5,
        created=ratings.CREATED,
        kind="pooled",
        beside=Beside(excluded=straight()),
    )
    files = bundle(found, data=data_files(ratings=ratings.frame(), beside=Beside(excluded=straight())))
    assert "tables/sensitivity-agreement.csv" in files
    assert b"--excluded data/excluded.csv" in files["README.txt"]
    assert verify(files).problems == ()
    changed = {**files, "data/excluded.csv": files["data/excluded.csv"].replace(b",1.0,", b",4.0,", 4)}
    assert any("sensitivity" in problem for problem in verify(changed).problems)
