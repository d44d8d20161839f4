"""Table 3 as files: long CSV in full, LaTeX as a paper prints it, HTML as a page shows it."""

import csv
import io
from collections.abc import Iterator
from html import escape

from analysis.report.cells import csv_cell
from analysis.report.latex import begun, caption, escaped, preamble
from analysis.report.table3 import OWN, Entry, Line, Measure, Table3
from analysis.report.words import derivation

CSV_COLUMNS = (
    *(
        "dataset",
        "system",
        "label",
        "kind",
        "measure",
        "measure_label",
        "value",
        "sd",
        "low",
        "high",
        "confidence",
    ),
    *("n", "counted", "best", "own_references", "offline", "simulated", "undefined"),
)


FORMS = {"csv": "text/csv", "tex": "application/x-latex", "html": "text/html"}
"""The files Table 3 comes as, and what they are."""


def as_file(table: Table3, form: str) -> str:
    """The table as the file of one of FORMS."""
    if form == "html":
        head = '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Table 3</title>\n'
        return f"{head}{as_html(table)}\n"
    return as_csv(table) if form == "csv" else as_latex(table)


def as_csv(table: Table3) -> str:
    """One row a data set, system and measure; numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for line in (line for block in table.blocks for line in block):
        for measure, entry in zip(table.measures, line.entries, strict=True):
            if entry is not None:
                writer.writerow([csv_cell(value) for value in _in_full(line, measure, entry)])
    return out.getvalue()


def as_latex(table: Table3) -> str:
    """A table over both columns of a paper; the preamble needs the packages booktabs and multirow."""
    n_left = 2 if table.several else 1
    spans, rules, first = [], [], n_left + 1
    for label, n in table.groups:
        spans.append(rf"\multicolumn{{{n}}}{{c}}{{{label}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{first + n - 1}}}")
        first += n
    left = [r"\multirow{2}{*}{Dataset}"] * table.several + [r"\multirow{2}{*}{System}"]
    labels = [escaped(measure.label) for measure in table.measures]
    heads = [
        " & ".join([*left, *spans]) + r" \\",
        " ".join(rules),
        " & ".join([""] * n_left + labels) + r" \\",
    ]
    body: list[str] = []
    for block in table.blocks:
        body += [r"\midrule", *_latex_block(table, block)]
    above = caption(table.caption)
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,multirow}",
            *preamble(above, *heads, *body),
            r"\begin{table*}",
            r"\centering",
            above,
            r"\label{tab:main-results}",
            rf"\begin{{tabular}}{{{'l' * n_left}{'c' * len(table.measures)}}}",
            r"\toprule",
            *heads,
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table*}",
            "",
        ]
    )


def _latex_block(table: Table3, block: tuple[Line, ...]) -> Iterator[str]:
    for place, line in enumerate(block):
        cells = [escaped(line.system.label) + (r" \emph{(offline teacher)}" if line.system.offline else "")]
        if table.several:
            name = rf"\multirow{{{len(block)}}}{{*}}{{{escaped(line.part.name)}}}"
            cells.insert(0, name if place == 0 else "")
        cells += [_latex_entry(entry) for entry in line.entries]
        yield begun(" & ".join(cells)) + r" \\"


def as_html(table: Table3, *, derivations: bool = False) -> str:
    """The table element alone; with `derivations` each number opens what it came from."""
    left = "".join(
        f'<th scope="col" rowspan="2">{name}</th>' for name in ["Dataset"] * table.several + ["System"]
    )
    spans = "".join(
        f'<th scope="colgroup" colspan="{n}" class="group">{label}</th>' for label, n in table.groups
    )
    labels = "".join(
        f'<th scope="col" class="number">{escape(measure.label)}</th>' for measure in table.measures
    )
    bodies = []
    for b, block in enumerate(table.blocks):
        rows = []
        for place, line in enumerate(block):
            dataset = f'<th scope="rowgroup" rowspan="{len(block)}">{escape(line.part.name)}</th>'
            mark = ' <span class="simulated">offline teacher</span>' if line.system.offline else ""
            row = dataset if table.several and place == 0 else ""
            row += f'<th scope="row">{escape(line.system.label)}{mark}</th>'
            row += "".join(
                f'<td class="number">{_html_entry(entry, f"table3-{b}-{place}-{c}" if derivations else "")}</td>'
                for c, entry in enumerate(line.entries)
            )
            rows.append(f"<tr>{row}</tr>")
        bodies.append(f"<tbody>{''.join(rows)}</tbody>")
    head = f"<thead><tr>{left}{spans}</tr><tr>{labels}</tr></thead>"
    return f'<table class="table table3"><caption>{escape(table.caption)}</caption>{head}{"".join(bodies)}</table>'


def _in_full(line: Line, measure: Measure, entry: Entry) -> list[str | int | float | None]:
    ends = entry.number.interval
    return [
        *(line.part.name, line.system.name, line.system.label),
        *(measure.kind, measure.key, measure.label, entry.number.value, entry.sd),
        *((ends.low, ends.high, ends.level) if ends else (None, None, None)),
        *(entry.number.n, entry.number.counted, int(entry.best), int(entry.own_references)),
        *(int(line.system.offline), int(line.part.findings.meta.simulated), entry.number.undefined),
    ]


def _latex_entry(entry: Entry | None) -> str:
    if entry is None:
        return "--"
    value, plus, sd = entry.text.partition(" ±")
    text = rf"\textbf{{{escaped(value)}}}" if entry.best else escaped(value)
    return text + escaped(plus + sd) + (r"$^\dagger$" if entry.own_references else "")


def _html_entry(entry: Entry | None, place: str) -> str:
    if entry is None:
        return "–"
    value, plus, sd = entry.text.partition(" ±")
    text = (
        (f"<strong>{value}</strong>" if entry.best else value)
        + plus
        + sd
        + (OWN if entry.own_references else "")
    )
    if not place:
        return text
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in derivation(entry.number)
    )
    button = f'<button type="button" class="derived" popovertarget="{place}">{text}</button>'
    return f'{button}<div popover id="{place}" class="derivation"><dl class="facts">{facts}</dl></div>'
