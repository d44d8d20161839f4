import numpy as np
import pandas as pd
import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.beside import Beside
from analysis.report.bundle import bundle, data_files
from analysis.report.checking import COLUMNS, BadChecks, checks_table, held_against, on_checks
from analysis.report.findings.study import StudyFindings
from analysis.report.page import sections
from analysis.report.verify import verify
from analysis.stats.ratings import RatingTable

CRITERIA = ("faithfulness", "persuasiveness")


def checks(n_people=6):
    """Everybody but the last passes the one attention check; gold marks are one too high for the odd ones."""
    rows = []
    for who in range(n_people):
        name = f"A{who + 1:02d}"
        for criterion in CRITERIA:
            asked = 2 if who < n_people - 1 or criterion == "faithfulness" else 3
            rows.append((name, "attention", 1, criterion, asked, 2, np.nan))
            rows.append((name, "gold", 4, criterion, 3 + who % 2, 3, 3))
            rows.append((name, "recheck", 7, criterion, np.nan if who == 0 else 5, 2, 3))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ratings(repeats=True):
    rng = np.random.default_rng(2)
    rows = []
    for who in range(6):
        for case in range(8):
            for system in ("a", "b"):
                for criterion in CRITERIA:
                    value = int(rng.integers(2, 6))
                    rows.append((f"A{who + 1:02d}", f"c{case}", system, criterion, value, False))
                    again = min(5, value + int(rng.random() < 0.4))
                    if repeats and case < 2 and system == "a":
                        rows.append((f"A{who + 1:02d}", f"c{case}", system, criterion, again, True))
    columns = ["annotator", "case", "system", "criterion", "value", "repeat"]
    return pd.DataFrame(rows, columns=columns)


def found(**more):
    table = RatingTable.from_frame(ratings())
    return analyse(
        table,
        subject=Subject(title="Films", tolerance=1),
        seed=3,
        created="2026-11-27T00:00:00+00:00",
        beside=Beside(checks=checks()),
        **{"n_resamples": 200, "n_permutations": 199, **more},
    )


def test_checks_are_passed_whole_and_gold_is_counted_by_mark():
    said = held_against(checks(), CRITERIA, tolerance=1, confidence=0.95)
    assert (said.n_annotators, said.tolerance) == (6, 1)
    assert said.attention.value == pytest.approx(5 / 6)
    assert said.attention.n == 6
    assert [row.criterion for row in said.gold] == list(CRITERIA)
    gold = said.gold[0]
    assert gold.near.n == 11  # six gold cards, five of the re-check
    assert gold.near.value == pytest.approx(6 / 11)
    assert gold.lean.value == pytest.approx((3 * 1 + 5 * 3) / 11)
    changes = [0, 1] * 3 + [3 - 1] * 5  # gold cards, then the re-check
    assert said.further.value == pytest.approx(np.mean(changes))
    assert said.further.n == 11
    for number in (said.attention, gold.near, gold.lean, said.further):
        assert number.interval.low <= number.value <= number.interval.high


def test_what_there_is_none_of_is_none():
    gold_only = checks().query("kind == 'gold'")
    said = held_against(gold_only, CRITERIA, tolerance=0, confidence=0.95)
    assert said.attention is None
    attention_only = checks().query("kind == 'attention'")
    said = held_against(attention_only, CRITERIA, tolerance=0, confidence=0.95)
    assert (said.gold, said.further) == ((), None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "trap"}, "line 2, kind: 'trap' is none of attention, gold, recheck"),
        ({"value": "high"}, "line 2, value: 'high' is no number"),
        ({"wanted": ""}, "line 2, wanted: '' is no number"),
    ],
)
def test_faulty_data_are_refused_with_line_and_field(change, said):
    marks = checks().astype({"value": "object", "wanted": "object"})
    for name, value in change.items():
        marks.loc[0, name] = value
    with pytest.raises(BadChecks, match=said):
        held_against(marks, CRITERIA, tolerance=1, confidence=0.95)
    with pytest.raises(BadChecks, match="no column wanted"):
        held_against(checks().drop(columns="wanted"), CRITERIA, tolerance=1, confidence=0.95)


def test_hidden_cards_are_in_no_other_number():
    with_repeats, without = RatingTable.from_frame(ratings()), RatingTable.from_frame(ratings(repeats=False))
    for criterion in CRITERIA:
        assert (with_repeats.counts(criterion) == without.counts(criterion)).all()
    findings = found()
    assert findings.counts.n_ratings == 6 * 8 * 2 * 2
    assert findings.counts.n_repeats == 6 * 2 * 2


def test_the_report_shows_them_and_reads_itself_again():
    findings = found()
    assert StudyFindings.from_json(findings.to_json()) == findings
    section = next(one for one in sections(findings) if one.key == "checks")
    assert section.title == "Hidden cards"
    said = " ".join(on_checks(findings))
    assert "6 annotators met cards that were hidden" in said
    assert "Of 6 attention checks 83%" in said
    assert len(checks_table(findings).rows) == 4
    assert any("Attention checks and cards with reference marks" in one for one in findings.methods)


def test_a_blind_report_may_show_them():
    assert found(kind="pooled").checks == found().checks


def test_a_bundle_computes_them_again_from_its_data():
    findings = found(n_resamples=2000, n_permutations=9999)
    data = data_files(ratings=ratings(), beside=Beside(checks=checks()))
    files = bundle(findings, data=data)
    assert "--checks data/checks.csv" in files["README.txt"].decode()
    assert verify(files).problems == ()
    files["data/checks.csv"] = files["data/checks.csv"].replace(b",3.0,3,", b",5.0,3,", 1)
    assert any(problem.startswith("report.json: checks") for problem in verify(files).problems)
