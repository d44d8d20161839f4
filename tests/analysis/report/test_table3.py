"""Table 3 has the shape and the bold of the paper's, over as many data sets as there are reports."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command

from analysis.report.analyse import Subject
from analysis.report.bundle import bundle, zipped
from analysis.report.findings.comparisons import Description, Spread
from analysis.report.findings.metrics import MetricSummary
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion, Metric, System
from analysis.report.table3 import NoTable, Part, table3
from analysis.report.table3_files import as_csv, as_html, as_latex
from tests.analysis.report import ratings

CRITERIA = ("Persuasive.", "Personal.", "Faithful.")
METRICS = ("ROUGE-L", "GPTScore", "BS-F1")
# Table 3 of the paper, MovieLens-1M, three of its rows, as printed.
PRINTED = {
    "FLAN-T5-XXL (11B)": ((0.2953, 74.09, 0.2886), ((3.31, 0.82), (3.29, 0.96), (2.92, 0.89))),
    "PEPLER": ((0.2130, 73.01, 0.3246), ((3.35, 0.72), (3.40, 0.74), (3.36, 0.88))),
    "Prism (Full)": ((0.2574, 80.74, 0.3589), ((4.03, 0.61), (4.07, 0.59), (4.12, 0.57))),
}


def number(value: float) -> Number:
    return Number(value, 9, "texts", "mean", no_interval="printed without")


def printed(*, references: str = "") -> StudyFindings:
    """Findings whose means are those the paper prints."""
    systems = tuple(System(name, name, wrote_references=name == references) for name in PRINTED)
    return replace(
        ratings.findings(with_scores=False),
        criteria=tuple(Criterion(key, key) for key in CRITERIA),
        agreement=(),
        prevalence=(),
        systems=systems,
        descriptions=tuple(
            Description(key, name, *[Spread(number(mean), None, sd)] * 2)
            for name, (_, rated) in PRINTED.items()
            for key, (mean, sd) in zip(CRITERIA, rated, strict=True)
        ),
        metrics=tuple(Metric(key.lower(), key, references=references) for key in METRICS),
        metric_summaries=tuple(
            MetricSummary(key.lower(), name, number(value))
            for name, (scores, _) in PRINTED.items()
            for key, value in zip(METRICS, scores, strict=True)
        ),
        comparisons=(),
    )


def chosen(*parts: Part) -> str:
    return as_latex(table3(parts, [key.lower() for key in METRICS]))


def test_the_rows_are_the_papers_to_the_last_digit() -> None:
    lines = chosen(Part("Yelp", printed()), Part("MovieLens-1M", printed())).splitlines()
    assert (
        r"\multirow{3}{*}{MovieLens-1M} & FLAN-T5-XXL (11B) & \textbf{0.2953} & 74.09 & 0.2886 & 3.31 $\pm$ 0.82 & "
        r"3.29 $\pm$ 0.96 & 2.92 $\pm$ 0.89 \\"
    ) in lines
    assert (
        r" & Prism (Full) & 0.2574 & \textbf{80.74} & \textbf{0.3589} & \textbf{4.03} $\pm$ 0.61 & "
        r"\textbf{4.07} $\pm$ 0.59 & \textbf{4.12} $\pm$ 0.57 \\"
    ) in lines
    start = lines.index(r"\toprule")
    heads = [r"\multicolumn{3}{c}{Automatic metrics}", r"\multicolumn{3}{c}{Human evaluation} \\"]
    assert lines[start + 1 : start + 4] == [
        " & ".join([r"\multirow{2}{*}{Dataset}", r"\multirow{2}{*}{System}", *heads]),
        r"\cmidrule(lr){3-5} \cmidrule(lr){6-8}",
        r" &  & ROUGE-L & GPTScore & BS-F1 & Persuasive. & Personal. & Faithful. \\",
    ]
    assert lines.count(r"\midrule") == 2


def test_nobody_leads_by_likeness_to_texts_of_their_own() -> None:
    text = chosen(Part("x", printed(references="FLAN-T5-XXL (11B)")))
    assert r"FLAN-T5-XXL (11B) & 0.2953$^\dagger$ & 74.09$^\dagger$" in text
    assert r"Prism (Full) & \textbf{0.2574}" in text
    assert r"$\dagger$ The references are this system's own texts." in text
    assert "multirow{3}" not in text


def test_the_caption_says_agreement_with_intervals_and_what_was_simulated() -> None:
    found = ratings.findings(simulated=True)
    (fleiss,) = [row.fleiss for row in found.agreement if row.criterion == "faithfulness"]
    caption = table3([Part("Films", found)]).caption
    assert fleiss.interval is not None
    assert f"faithfulness {fleiss.value:.2f}".replace("-", "−") in caption
    assert f"{fleiss.interval.high:.2f}]".replace("-", "−") in caption
    assert "No person gave them" in caption or "no person gave them" in caption


def test_long_csv_holds_every_number_in_full_and_text_that_is_no_formula() -> None:
    subject = Subject("x", systems=(System("prism", "=1+1"), System("teacher", "Teacher")))
    found = ratings.findings(subject=subject)
    rows = list(csv.DictReader(io.StringIO(as_csv(table3([Part("Films", found)], ["rouge-l"])))))
    assert len(rows) == 2 * (1 + 2)
    assert {row["label"] for row in rows} == {"'=1+1", "Teacher"}
    row = next(row for row in rows if (row["system"], row["measure"]) == ("prism", "faithfulness"))
    described = next(d for d in found.descriptions if (d.criterion, d.system) == ("faithfulness", "prism"))
    assert float(row["value"]) == described.ratings.mean.value
    assert float(row["sd"]) == described.ratings.sd
    assert float(row["low"]) == described.ratings.mean.interval.low  # type: ignore[union-attr]
    assert (row["n"], row["best"]) == (str(described.ratings.mean.n), "1")


def test_lower_is_bold_where_lower_is_better_and_nothing_where_neither_is() -> None:
    found = printed()
    for better, leader in (("lower", "PEPLER"), ("neither", None)):
        metrics = tuple(replace(metric, better=better) for metric in found.metrics)  # type: ignore[arg-type]
        table = table3([Part("x", replace(found, metrics=metrics))], ["rouge-l"])
        bold = [line.system.name for block in table.blocks for line in block if line.entries[0].best]  # type: ignore[union-attr]
        assert bold == ([leader] if leader else [])


def test_what_a_data_set_lacks_is_a_dash_and_html_holds_no_tags_of_others() -> None:
    subject = Subject("x", systems=(System("prism", "<b>P"), System("teacher", "T")))
    other = replace(ratings.findings(subject=subject), metric_summaries=(), metrics=())
    table = table3([Part("A&B", printed()), Part("Films", other)], ["rouge-l"])
    html = as_html(table, derivations=True)
    assert "&lt;b&gt;P" in html
    assert "A&amp;B" in html
    assert html.count('<td class="number">–</td>') == 2 * 1 + 2 * 3 + 3 * 2
    assert html.count("<tbody>") == 2
    assert html.count("popovertarget") == html.count("popover id") == 3 * 4 + 2 * 2


def test_what_cannot_stand_in_one_table_is_refused_in_words() -> None:
    found = ratings.findings()
    other = replace(found, meta=replace(found.meta, levels=(1, 2, 3)))
    for parts, metrics, words in (
        ([], [], "at least one report"),
        ([Part("A", found), Part("A", found)], [], "Two data sets are called A"),
        ([Part("A", found), Part("B", other)], [], "scales differ"),
        ([Part("A", found)], ["rouge"], "there are rouge-l, distinct-1"),
        ([Part("A", ratings.findings(kind="pooled"))], [], "is blind"),
    ):
        with pytest.raises(NoTable, match=words):
            table3(parts, metrics)


def test_the_command_reads_reports_and_bundles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = ratings.findings()
    (tmp_path / "a.json").write_text(found.to_json(), encoding="utf-8")
    (tmp_path / "b.zip").write_bytes(zipped(bundle(found)))
    given = (str(tmp_path / "a.json"), str(tmp_path / "b.zip"), "--out", str(tmp_path / "out"))
    call_command("table3", *given, "--name", "Yelp", "--name", "MovieLens", "--metric", "rouge-l")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"table3.csv", "table3.tex", "table3.html"}
    assert r"\multirow{2}{*}{Yelp}" in (tmp_path / "out" / "table3.tex").read_text(encoding="utf-8")
    for wrong, words in (
        (given, "exists already"),
        ((*given[:3], str(tmp_path / "new")), "Two data sets are called"),
        ((str(tmp_path / "none.json"), "--out", str(tmp_path / "new")), "No such file"),
    ):
        with pytest.raises(SystemExit) as exit_:
            call_command("table3", *wrong)
        assert exit_.value.code == 2
        assert words in capsys.readouterr().err


def test_it_compiles(pdflatex: Callable[[str], None]) -> None:
    table = chosen(Part("[Yelp] 中文", printed()), Part("MovieLens_1M", printed(references="PEPLER")))
    pdflatex(
        r"\documentclass{article}\usepackage{booktabs,multirow}\begin{document}" + table + r"\end{document}"
    )


def test_unless_somebody_chooses_the_columns_are_those_the_paper_means() -> None:
    names = (
        "bertscore-precision",
        "bertscore",
        "bertscore-rescaled",
        "gptscore-ll",
        "gptscore-judge",
        "rouge-l",
    )
    for n, wanted in ((6, ["rouge-l", "gptscore-judge", "bertscore-rescaled"]), (2, ["bertscore"])):
        found = replace(
            printed(), metrics=tuple(Metric(name, name) for name in names[:n]), metric_summaries=()
        )
        kept = table3([Part("x", found)]).measures
        assert [measure.key for measure in kept if measure.kind == "metric"] == wanted
