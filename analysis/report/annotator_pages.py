"""Who rated how, in sentences and tables."""

from analysis.report.agreement_prose import estimate
from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning, with_ends
from analysis.report.findings.agreement import Agreement, AgreementWithout, DifferenceWithout
from analysis.report.findings.comparisons import Comparison
from analysis.report.findings.study import StudyFindings
from analysis.report.words import join, many, number, p_value


def on_annotators(findings: StudyFindings) -> list[str]:
    """Who was flagged and why, and what would change without them."""
    rows, names = findings.annotators, criterion_names(findings)
    people = len({row.annotator for row in rows})
    outside = sum(
        row.severity.interval is not None and not row.severity.interval.low <= 0 <= row.severity.interval.high
        for row in rows
    )
    known = sum(row.severity.interval is not None for row in rows)
    told = (
        f"{outside:,} of {many(known, 'interval')} miss 0; where nobody is severe about one in "
        f"{round(1 / (1 - findings.meta.confidence)):,} does."
        if known
        else "It has no interval here."
    )
    sentences = [
        f"Severity is an annotator's mean distance from the others on the same cards; below 0 is severe. {told}"
    ]
    flagged = [row for row in rows if row.flags]
    if not flagged:
        none = "The one annotator was not" if people == 1 else f"None of {people:,} annotators was"
        looked = "one answer everywhere, haste beside the others, and a pull on agreement"
        return [
            *sentences,
            f"{none} flagged. Flags are for {looked}; a study's monitor and its rules look at more.",
        ]
    sentences += [
        f"{row.annotator} on {names[row.criterion].lower()}: {'; '.join(row.flags)}." for row in flagged[:20]
    ]
    if len(flagged) > 20:
        sentences.append(f"The CSV says it of {len(flagged) - 20:,} more.")
    sentences.append(
        "A flag is a question, not a verdict: all marks are counted in every number of this report."
    )
    return sentences + _without(findings)


def _without(findings: StudyFindings) -> list[str]:
    found = findings.flagged
    if found is None:
        return []
    names = criterion_names(findings)
    told = f"Without {join(found.without)} ({many(found.n_ratings, 'rating')})"
    sentences = [
        f"{told} ordinal alpha on {names[row.criterion].lower()} would be {estimate(row.alpha_ordinal)} instead of "
        f"{number(all_.alpha_ordinal.value, missing='undefined')}."
        for row, all_ in _agreements(findings)
    ]
    if found.differences:
        pairs = _differences(findings)
        other = sum(_sure(row.p_holm) != _sure(before.p_holm) for row, before in pairs)
        turned = sum(
            (row.difference.value or 0) * (before.difference.value or 0) < 0 for row, before in pairs
        )
        sentences.append(
            f"Of {many(len(pairs), 'difference')} between systems {other:,} would change sides of 0.05 (after Holm), "
            f"{turned:,} would change sign."
        )
    return sentences


def _agreements(findings: StudyFindings) -> list[tuple[AgreementWithout, Agreement]]:
    """Agreement without the flagged beside that of all, where a file that somebody altered has both."""
    all_ = {row.criterion: row for row in findings.agreement}
    rows = findings.flagged.agreement if findings.flagged else ()
    return [(row, all_[row.criterion]) for row in rows if row.criterion in all_]


def _differences(findings: StudyFindings) -> list[tuple[DifferenceWithout, Comparison]]:
    all_ = {(row.criterion, row.first, row.second): row for row in findings.comparisons}
    rows = findings.flagged.differences if findings.flagged else ()
    keyed = [((row.criterion, row.first, row.second), row) for row in rows]
    return [(row, all_[key]) for key, row in keyed if key in all_]


def _sure(p: float | None) -> bool:
    return p is not None and p < 0.05


def annotator_tables(findings: StudyFindings) -> list[Table]:
    """The tables these findings can fill."""
    if not findings.annotators:
        return []
    found = [annotators(findings)]
    if findings.flagged:
        found.append(agreement_without(findings))
        if findings.flagged.differences:
            found.append(differences_without(findings))
    return found


def annotators(findings: StudyFindings) -> Table:
    """A row a criterion and annotator."""
    names = criterion_names(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("annotator", "Annotator", numeric=False),
    ]
    columns += [Column("n_ratings", "Ratings"), Column("severity", "Severity")]
    columns += [Column("severity_low", "low"), Column("severity_high", "high"), Column("point", "Most given")]
    columns += [Column("same_answer", "its share"), Column("others_same", "by others")]
    columns += [Column("median_seconds", "Seconds a card"), Column("alpha_without", "α without")]
    columns += [Column("flags", "Flag", numeric=False)]
    rows = []
    for row in findings.annotators:
        share, alpha = row.same_answer, row.alpha_without
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(row.annotator, row.annotator),
                Cell(f"{row.n_ratings:,}", row.n_ratings),
                *with_ends(row.severity),
                Cell("–" if row.point is None else str(row.point), row.point),
                Cell("–" if share.value is None else f"{share.value:.0%}", share.value, share),
                Cell("–" if row.others_same is None else f"{row.others_same:.0%}", row.others_same),
                Cell(
                    number(row.median_seconds, 0 if (row.median_seconds or 0) >= 10 else 1),
                    row.median_seconds,
                ),
                Cell(number(alpha.value, missing="undefined"), alpha.value, alpha),
                Cell("flagged" if row.flags else "–", "; ".join(row.flags)),
            )
        )
    caption = (
        "Annotators: distance from the others on the same cards in points of the scale, the point given most and how "
        "often others gave it on those cards, and ordinal alpha without them. With many annotators some intervals miss "
        "0 by chance." + warning(findings)
    )
    return Table("annotators", "Who rated how", caption, tuple(columns), tuple(rows))


def agreement_without(findings: StudyFindings) -> Table:
    """Agreement had the flagged annotators not taken part, beside what it is."""
    names, found = criterion_names(findings), findings.flagged
    columns = [Column("criterion", "Criterion", numeric=False)]
    for key, label in (("fleiss", "Fleiss κ"), ("alpha_ordinal", "α ordinal")):
        columns += [Column(key, f"{label}, all")]
        columns += [Column(f"{key}_without", f"{label}, without them")]
        columns += [Column(f"{key}_without_low", "low"), Column(f"{key}_without_high", "high")]
    rows = []
    for rest, all_ in _agreements(findings):
        rows.append(
            (
                Cell(names[rest.criterion], rest.criterion),
                with_ends(all_.fleiss)[0],
                *with_ends(rest.fleiss),
                with_ends(all_.alpha_ordinal)[0],
                *with_ends(rest.alpha_ordinal),
            )
        )
    caption = (
        f"Agreement with and without {join(found.without if found else ())}, who were flagged."
        + warning(findings)
    )
    return Table("agreement_without", "Without flagged annotators", caption, tuple(columns), tuple(rows))


def differences_without(findings: StudyFindings) -> Table:
    """Differences between systems had the flagged annotators not taken part."""
    names, labels, found = criterion_names(findings), system_labels(findings), findings.flagged
    columns = [Column("criterion", "Criterion", numeric=False), Column("first", "System", numeric=False)]
    columns += [Column("second", "against", numeric=False), Column("difference", "Difference, all")]
    columns += [Column("p_holm", "p Holm, all"), Column("difference_without", "Difference, without them")]
    columns += [Column("difference_without_low", "low"), Column("difference_without_high", "high")]
    columns += [Column("p_holm_without", "p Holm, without them")]
    rows = []
    for rest, row in _differences(findings):
        rows.append(
            (
                Cell(names[rest.criterion], rest.criterion),
                Cell(labels[rest.first], rest.first),
                Cell(labels[rest.second], rest.second),
                with_ends(row.difference)[0],
                Cell(p_value(row.p_holm), row.p_holm, strong=_sure(row.p_holm)),
                *with_ends(rest.difference),
                Cell(p_value(rest.p_holm), rest.p_holm, strong=_sure(rest.p_holm)),
            )
        )
    caption = (
        f"Differences between systems with and without {join(found.without if found else ())}, who were flagged."
        + warning(findings)
    )
    return Table("differences_without", "Differences without them", caption, tuple(columns), tuple(rows))
