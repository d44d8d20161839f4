"""Whatever a metric or system is called, the table compiles."""

import re
from collections.abc import Callable

import pytest

from analysis.report.cells import ROWS_A_PAGE, Cell, Column, Table
from analysis.report.latex import begun, escaped

NAMES = [
    "BLEU & Co_1 #2 50% $x$ {a} ~ ^ \\",
    "α-BERT β Γ Ω ς ά Ά Ο ο µ",
    "Müller, Çelik, Łódź, Øre, naïve, ő, ś, ž",
    "中文指标",
    "метрика اللغة 🙂 emoji Ｆｕｌｌ",
    "<b> “q” ‘r’ … – — −1 ± 2 ≤ 3 °C ∞ → ≈ |bar|",
    "[tag] starts a row",
    "* starts a row",
    "x² CO₂ H₂O ½ ﬁ e\u0301 Ωmega–Ā Đ đ ŋ",
    "a\tb\u00a0c\u200bd\x07e",
]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("50% of A_1 & B", r"50\% of A\_1 \& B"),
        ("κ and Σ", r"$\kappa$ and $\Sigma$"),
        ("Ά", r"$\acute{A}$"),
        ("Čapek", r"\v{C}apek"),
        ("x²", "x$^{2}$"),
        ("指标 A", r"\otherscript{指标}{U+6307 U+6807} A"),
        ("−0.35 ± 1", r"$-$0.35 $\pm$ 1"),
    ],
)
def test_letters_become_what_latex_knows(text: str, latex: str) -> None:
    assert escaped(text) == latex


@pytest.mark.parametrize("name", NAMES)
def test_pdflatex_reads_nothing_but_ascii(name: str) -> None:
    read = re.sub(r"\\otherscript\{[^{}]*\}", r"\\otherscript{}", escaped(name))
    assert read.isascii()
    bare = re.sub(r"\\[{}]", "", escaped(name))
    assert bare.count("{") == bare.count("}")


def test_a_row_is_never_taken_for_an_option() -> None:
    assert begun("[tag] & 1") == "{}[tag] & 1"
    assert begun("tag & 1") == "tag & 1"


def test_a_table_of_every_script_compiles(pdflatex: Callable[[str], None]) -> None:
    columns = (Column("n", NAMES[0], numeric=False), Column("v", NAMES[1]), Column("w", NAMES[3]))
    rows = tuple((Cell(name, mark="αβγ 中"), Cell("−0.5", strong=True), Cell(name)) for name in NAMES)
    table = Table("all_names", "t", "Caption: " + "; ".join(NAMES[:8]), columns, rows)
    text = "\n".join(
        [
            r"\documentclass{article}",
            r"\usepackage{booktabs}",
            r"\begin{document}",
            r"\listoftables",
            table.to_latex(),
            r"\end{document}",
        ]
    )
    pdflatex(text)


@pytest.mark.parametrize("n", [ROWS_A_PAGE, ROWS_A_PAGE + 1, 300])
def test_a_long_table_is_broken_over_pages(n: int, pdflatex: Callable[[str], None]) -> None:
    rows = tuple((Cell(f"system {number}"), Cell("−0.5", strong=True)) for number in range(n))
    table = Table(
        "long", "t", "Many systems of 中文", (Column("n", "name", numeric=False), Column("v", "v")), rows
    )
    latex = table.to_latex()
    assert ("longtable" in latex) is (n > ROWS_A_PAGE)
    assert latex.count(r"\\") == n + (3 if n > ROWS_A_PAGE else 1)
    text = "\n".join(
        [
            r"\documentclass{article}",
            r"\usepackage{booktabs,longtable}",
            r"\begin{document}",
            r"\listoftables",
            latex,
            r"\end{document}",
        ]
    )
    pdflatex(text)
