"""Agreement of persons with each other, in tables and sentences."""

from analysis.report.agreement_tables import by_coefficient
from analysis.report.cells import Cell, Column, Table, criterion_names, warning, with_ends
from analysis.report.findings.agreement import Persons
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.words import number

MAX_MATRIX = 12
"""With more annotators a matrix does not fit a page; the long table has every pair."""
COEFFICIENTS = (
    ("light", "Mean Cohen κ (Light)"),
    ("light_linear", "Mean Cohen κ, linear weights"),
    ("light_quadratic", "Mean Cohen κ, quadratic weights"),
    ("conger", "Conger κ"),
    ("conger_quadratic", "Conger κ, quadratic weights"),
    ("icc_agreement", "ICC(2)"),
    ("icc_agreement_mean", "ICC(2,k)"),
    ("icc_consistency", "ICC(3)"),
    ("icc_consistency_mean", "ICC(3,k)"),
    ("kendalls_w", "Kendall's W"),
)


def on_persons(findings: StudyFindings) -> list[str]:
    """Why these numbers do not exist, where they do not; and who gave the same marks as somebody else."""
    rows, names = findings.persons, criterion_names(findings)
    if not rows:
        return []
    sentences = []
    if all(row.light.value is None and row.conger.value is None for row in rows):
        sentences.append(f"Pairs of annotators have no coefficients, because {rows[0].light.undefined}.")
    elif all(row.icc_agreement.value is None for row in rows):
        sentences.append(
            f"ICC(2), ICC(3) and Kendall's W are undefined, because {rows[0].icc_agreement.undefined}."
        )
    for row in rows:
        for pair in row.pairs:
            if pair.equal == 1 and pair.n_cards >= 30 and pair.kappa.value is not None:
                sentences.append(
                    f"On {names[row.criterion].lower()} {pair.first} and {pair.second} gave the same mark to all "
                    f"{pair.n_cards:,} cards they share: look whether one is a copy of the other."
                )
    return sentences


def person_tables(findings: StudyFindings, *, page: bool = False) -> list[Table]:
    """The tables these findings can fill; on a page a matrix a criterion stands for the long table of pairs."""
    rows = findings.persons
    if not any(_has_any(row) for row in rows):
        return []
    long = coefficients(findings)
    found = [by_coefficient(findings, long) if page else long]
    if not any(row.pairs for row in rows):
        return found
    if not page:
        return [*found, pairs(findings)]
    return found + [matrix(findings, row) for row in rows if row.pairs and len(_people(row)) <= MAX_MATRIX]


def coefficients(findings: StudyFindings) -> Table:
    """A row a criterion and coefficient."""
    names = criterion_names(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("coefficient", "Coefficient", numeric=False),
        Column("value", "Value"),
        Column("value_low", "low"),
        Column("value_high", "high"),
        Column("n", "n"),
        Column("counted", "of", numeric=False),
    ]
    rows = []
    for row in findings.persons:
        for key, label in COEFFICIENTS:
            given: Number = getattr(row, key)
            rows.append(
                (
                    Cell(names[row.criterion], row.criterion),
                    Cell(label, key),
                    *with_ends(given),
                    Cell(f"{given.n:,}", given.n),
                    Cell(given.counted, given.counted),
                )
            )
    caption = (
        "Agreement of persons with each other. ICC(2) counts severity as error, ICC(3) sets it aside; both, and "
        "Kendall's W, need annotators who rated the same cards." + warning(findings)
    )
    return Table("persons", "Annotators as persons", caption, tuple(columns), tuple(rows))


def pairs(findings: StudyFindings) -> Table:
    """Long form: a row a criterion and pair."""
    names = criterion_names(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("first", "Annotator", numeric=False)]
    columns += [Column("second", "with", numeric=False), Column("n_cards", "Cards"), Column("equal", "Equal")]
    for key, label in (("kappa", "Cohen κ"), ("linear", "linear"), ("quadratic", "quadratic")):
        columns += [Column(key, label), Column(f"{key}_low", "low"), Column(f"{key}_high", "high")]
    rows = [
        (
            Cell(names[row.criterion], row.criterion),
            Cell(pair.first, pair.first),
            Cell(pair.second, pair.second),
            Cell(f"{pair.n_cards:,}", pair.n_cards),
            Cell(f"{pair.equal:.0%}", pair.equal),
            *with_ends(pair.kappa),
            *with_ends(pair.linear),
            *with_ends(pair.quadratic),
        )
        for row in findings.persons
        for pair in row.pairs
    ]
    caption = "Cohen's kappa of every pair of annotators on the cards they share." + warning(findings)
    return Table("annotator_pairs", "Annotators pair by pair", caption, tuple(columns), tuple(rows))


def matrix(findings: StudyFindings, row: Persons) -> Table:
    """Everybody with everybody: quadratic weights above the diagonal, plain kappa below."""
    people, name = _people(row), criterion_names(findings)[row.criterion]
    found = {(pair.first, pair.second): pair for pair in row.pairs}
    columns = [Column("annotator", "Annotator", numeric=False)]
    columns += [Column(f"a{index}", person) for index, person in enumerate(people)]
    rows = []
    for line, one in enumerate(people):
        cells = [Cell(one, one)]
        for column, other in enumerate(people):
            if line == column:
                cells.append(Cell("–"))
                continue
            pair = found.get((one, other) if line < column else (other, one))
            given = None if pair is None else pair.quadratic if line < column else pair.kappa
            text = "–" if given is None else number(given.value, missing="undefined")
            cells.append(Cell(text, given.value if given else None, given))
        rows.append(tuple(cells))
    caption = (
        f"{name}: Cohen's kappa of each pair of annotators, with quadratic weights above the diagonal and without "
        "below." + warning(findings)
    )
    place = findings.persons.index(row) + 1
    return Table(f"annotator_matrix_{place}", f"{name}, pair by pair", caption, tuple(columns), tuple(rows))


def _has_any(row: Persons) -> bool:
    return any(getattr(row, key).value is not None for key, _ in COEFFICIENTS)


def _people(row: Persons) -> list[str]:
    return list(dict.fromkeys(name for pair in row.pairs for name in (pair.first, pair.second)))
