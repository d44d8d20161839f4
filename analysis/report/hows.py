"""How the plain numbers of tables came about: what a reader sees who asks of a t, a p or a count.

Estimates carry their own derivation (`Number`); what stands beside them, a statistic, a p-value, a standard deviation
or a count, is told here by table and column.
"""

from dataclasses import dataclass

from analysis.report.cells import Cell, Table
from analysis.report.words import MINUS, join

COUNT = "it is a count"
OF_P = "a p-value has none"
OF_STATISTIC = "a test statistic has none; the difference beside it has one"
OF_SPREAD = "none is computed for it"


@dataclass(frozen=True, slots=True)
class How:
    """One column of a table."""

    method: str
    no_interval: str = COUNT
    n: tuple[str, ...] = ()
    """Columns of the same row that say of how many."""
    counted: str = ""
    """What those columns count."""


def _test(method: str, *n: str, counted: str = "cases") -> How:
    return How(method, OF_STATISTIC, n, counted)


def _p(method: str, *n: str, counted: str = "cases") -> How:
    return How(method, OF_P, n, counted)


def _spread(method: str, *n: str, counted: str = "cases") -> How:
    return How(method, OF_SPREAD, n, counted)


APART = "the critical difference says how far apart ranks must lie"
HOLM = "that p by Holm's step-down adjustment over the tests the table's caption names"
BH = "that p by Benjamini and Hochberg's adjustment over the same tests"
BY = "that p by Benjamini and Yekutieli's adjustment, which assumes nothing of how the tests depend on each other"
BOTH = ("n_first", "n_second")
HOWS: dict[tuple[str, str], How] = {
    ("prevalence", "*"): How(
        "ratings at this point of the scale; the share is of the row's ratings",
        n=("n_ratings",),
        counted="ratings",
    ),
    ("prevalence", "n_ratings"): How("ratings given, first looks only"),
    ("prevalence", "n_cannot_judge"): How("times an annotator could not judge; no part of the ratings"),
    ("agreement", "n_cards"): How("cards with two ratings or more"),
    ("agreement", "z"): How(
        "Fleiss' kappa over its standard error if there were no agreement",
        "kappa beside it has one",
        ("n_cards",),
        "cards",
    ),
    ("agreement", "p"): _p("two-sided p of that z under the normal curve", "n_cards", counted="cards"),
    ("checks", "n"): How("attention checks, marks, or cards of annotators, as the row says"),
    ("consistency", "n_pairs"): How("cards that an annotator met a second time"),
    ("descriptions", "median"): _spread("median of the ratings", "n_ratings", counted="ratings"),
    ("descriptions", "sd"): How(
        "standard deviation of the ratings, with n − 1", OF_SPREAD, ("n_ratings",), "ratings"
    ),
    ("descriptions", "case_sd"): How(
        "standard deviation of the case means, with n − 1", OF_SPREAD, ("n_cases",), "cases"
    ),
    ("descriptions", "n_ratings"): How("ratings of the system, first looks only"),
    ("descriptions", "n_cases"): How("cases with a rating of the system"),
    ("comparisons", "n_cases"): How("cases with a rating of both systems"),
    ("comparisons", "t"): _test("mean over cases of the differences, over its standard error", "n_cases"),
    ("comparisons", "df"): How("cases less one", n=("n_cases",), counted="cases"),
    ("comparisons", "p"): _p("two-sided p of that t under Student's distribution", "n_cases"),
    ("comparisons", "wilcoxon_p"): _p("Wilcoxon's signed-rank test, two-sided", "n_cases"),
    ("comparisons", "permutation_p"): _p(
        "permutation test that flips signs of differences, two-sided", "n_cases"
    ),
    ("unpaired", "n_first"): How("cases with a rating of the first system"),
    ("unpaired", "n_second"): How("cases with a rating of the second system"),
    ("unpaired", "t"): _test(
        "Welch's t: difference of the means over its standard error, variances apart", *BOTH
    ),
    ("unpaired", "df"): _spread("degrees of freedom by Welch and Satterthwaite", *BOTH),
    ("unpaired", "p"): _p("two-sided p of that t under Student's distribution", *BOTH),
    ("unpaired", "p_holm"): _p(HOLM, *BOTH),
    ("unpaired", "p_bh"): _p(BH, *BOTH),
    ("unpaired", "p_by"): _p(BY, *BOTH),
    ("omnibus", "n_cases"): How("cases with a rating of every system"),
    ("omnibus", "df"): How("systems less one", n=("n_cases",), counted="cases"),
    ("omnibus", "p"): _p("p of Friedman's statistic under the chi-square distribution", "n_cases"),
    ("omnibus", "p_holm"): _p("that p by Holm's adjustment over the criteria", "n_cases"),
    ("mean_ranks", "*"): How(
        "mean over cases of the rank within the case, ties sharing",
        "the critical difference says how far apart ranks must lie",
    ),
    ("models", "n_ratings"): How("ratings in the model"),
    ("models", "se"): _spread("standard error of the difference beside it", "n_ratings", counted="ratings"),
    ("models", "statistic"): _test("the difference over its standard error", "n_ratings", counted="ratings"),
    ("models", "df"): _spread("degrees of freedom of that t", "n_ratings", counted="ratings"),
    ("models", "p"): _p("two-sided p of that statistic", "n_ratings", counted="ratings"),
    ("models", "p_holm"): _p(
        "that p by Holm's adjustment over the model's contrasts", "n_ratings", counted="ratings"
    ),
    ("variances", "share"): How(
        "the variance beside it over the sum of the variances of the model", OF_SPREAD
    ),
    ("nemenyi", "difference"): How(
        "difference of the two systems' mean ranks",
        "the critical difference says how far apart ranks must lie",
    ),
    ("nemenyi", "p"): _p("Nemenyi's p, adjusted for all pairs of the criterion"),
    ("hypotheses", "n_cases"): How("cases with a rating of both systems"),
    ("hypotheses", "p_holm"): _p(
        "the planned p by Holm's adjustment over the hypotheses of the plan alone", "n_cases"
    ),
    ("metrics", "n"): How("texts the metric has a value for"),
    ("metrics", "n_undefined"): How("texts the metric has no value for", n=("n",), counted="texts with one"),
    ("coefficients", "n_cards"): How("cards with two ratings or more"),
    ("category_tests", "level"): How("the point of the scale"),
    ("category_tests", "share"): _spread("share of this point among the ratings"),
    ("category_tests", "z"): How(
        "kappa of the point over its standard error if there were no agreement",
        "kappa beside it is the estimate",
    ),
    ("category_tests", "p"): _p("two-sided p of that z under the normal curve"),
    ("annotators", "n_ratings"): How("ratings of the annotator, first looks only"),
    ("annotators", "point"): How("the point of the scale the annotator gave most"),
    ("annotators", "others_same"): _spread("share of that point among the others' ratings of the same cards"),
    ("annotators", "median_seconds"): _spread("median of the seconds a card took the annotator"),
    ("differences_without", "p_holm_without"): _p("Holm's p had the flagged annotators not taken part"),
    ("metric_tests", "n"): How("what both metrics have a score for"),
    ("metric_tests", "williams_t"): _test("Williams' t over systems"),
    ("metric_tests", "williams_p"): _p("two-sided p of that t"),
    ("metric_tests", "steiger_p"): _p("Steiger's test of two dependent correlations over systems, two-sided"),
    ("metric_tests", "meng_p"): _p("Meng's test of two dependent correlations over systems, two-sided"),
    ("metric_tests", "p_holm"): _p("PERM-BOTH's p by Holm's adjustment within criterion and level"),
    ("pairwise_accuracy", "epsilon"): _spread(
        "the largest difference of scores that counts as a tie, calibrated"
    ),
    ("pairwise_accuracy", "tied"): _spread("share of pairs of texts that epsilon ties"),
    ("pairwise_accuracy", "n_pairs"): How("pairs of texts of one case"),
    ("pairwise_accuracy", "cluster"): How("rank of the group of metrics that are not told apart"),
    ("sensitivity-agreement", "change"): _spread("figure with the excluded less the figure without them"),
    ("sensitivity-differences", "p_holm_everybody"): _p("Holm's p had nobody been excluded"),
    ("persons", "n"): How("what the coefficient is over, as the next column says"),
    ("annotator_pairs", "n_cards"): How("cards that both rated"),
    ("annotator_pairs", "equal"): _spread(
        "share of these cards on which both gave the same point", "n_cards", counted="cards"
    ),
    ("blinding", "*"): How("guesses of this kind about cards of the row's kind"),
    ("blinding-james", "n"): How("guesses that name a kind or say that it cannot be told"),
    ("*", "n_cards"): How("cards"),
    ("*", "n_cases"): How("cases"),
    ("*", "n_ratings"): How("ratings, first looks only"),
    ("*", "z"): _test("the estimate over its standard error under the hypothesis", "n_cases"),
    ("*", "t"): _test("the estimate over its standard error", "n_cases"),
    ("*", "df"): _spread("degrees of freedom of the test", "n_cases"),
    ("*", "se"): _spread("standard error of the estimate beside it", "n_cases"),
    ("*", "p"): _p("p-value of the test beside it; two-sided unless the caption says otherwise", "n_cases"),
    ("*", "p_holm"): _p(HOLM, "n_cases"),
    ("*", "p_bh"): _p(BH, "n_cases"),
    ("*", "p_by"): _p(BY, "n_cases"),
    ("nemenyi", "conover_p"): How(
        "two-sided p of Conover's t of the rank sums, adjusted by Holm over the pairs of the criterion", OF_P
    ),
}
"""By table and column; "*" stands for all of them."""


def how(table: Table, column: str) -> How | None:
    """What is known of a column; None for one that nobody described."""
    for place in ((table.key, column), (table.key, "*"), ("*", column)):
        if place in HOWS:
            return HOWS[place]
    return None


def told(table: Table, row: tuple[Cell, ...], place: int) -> list[tuple[str, str]]:
    """The derivation of a plain number of a table: pairs of name and words; nothing for a text."""
    raw, column = row[place].raw, table.columns[place]
    known = how(table, column.key) if column.numeric and isinstance(raw, (int, float)) else None
    if known is None:
        return []
    value = f"{raw:,}" if isinstance(raw, int) else f"{raw:.6g}"
    lines = [("Value", value.replace("-", MINUS)), ("No interval", known.no_interval)]
    keys = [column.key for column in table.columns]
    counts = [row[keys.index(key)].text for key in known.n if key in keys]
    if counts:
        lines.append(("n", f"{join(counts)} {known.counted}"))
    return [*lines, ("Method", known.method)]
