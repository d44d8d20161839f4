"""The agreement section: ratings in, `Agreement`, `Prevalence` and `Consistency` out."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.report.coefficients import with_coefficients
from analysis.report.findings.agreement import Agreement, Consistency, Prevalence
from analysis.report.findings.number import Number
from analysis.report.numbers import as_number
from analysis.stats import agreement, bootstrap, krippendorff, linearised, pair_weights
from analysis.stats.estimates import Interval, MaybeInterval, Undefined
from analysis.stats.patterns import Patterns, patterns
from analysis.stats.ratings import RatingTable
from analysis.stats.repeats import share_interval

LANDIS_KOCH = (
    (0.8, "almost perfect"),
    (0.6, "substantial"),
    (0.4, "moderate"),
    (0.2, "fair"),
    (0.0, "slight"),
)
NOT_LABELLED = "not labelled"


def landis_koch(interval: Interval | None) -> str:
    """Landis and Koch's word for the lower bound of an interval: what the data are sure to support.

    Reference: Landis & Koch (1977) Biometrics 33, p. 165; a convention, not a result.
    """
    if interval is None:
        return NOT_LABELLED
    return next((word for bound, word in LANDIS_KOCH if interval.low > bound), "poor")


def prevalence(table: RatingTable, *, by_system: bool) -> list[Prevalence]:
    """One row a criterion for all systems, and one a system where they may be told apart."""
    rows = []
    for criterion in table.criteria:
        for system in (None, *table.systems) if by_system else (None,):
            counts = table.counts(criterion, system)
            rows.append(
                Prevalence(
                    criterion=criterion,
                    system=system or "",
                    counts=tuple(int(n) for n in counts.sum(axis=0)),
                    n_ratings=int(counts.sum()),
                    n_cannot_judge=table.n_missing(criterion, system),
                )
            )
    return rows


def agree(
    table: RatingTable,
    criterion: str,
    *,
    seed: int,
    rng: np.random.Generator,
    confidence: float,
    n_resamples: int,
) -> Agreement:
    """All coefficients of one criterion, side by side."""
    cards = patterns(table.counts(criterion)).at_least(1)
    levels = table.levels
    n_used = cards.at_least(2).n_cards

    def resampled(interval: MaybeInterval, value: float | None, method: str, undefined: str) -> Number:
        return _number(value, undefined, interval, n=n_used, method=method, seed=seed)

    fleiss = agreement.fleiss_kappa(cards, levels=levels, confidence=confidence)
    alpha = krippendorff.alpha(cards, "ordinal", levels=levels)
    alpha_interval = bootstrap.alpha_interval(
        cards, "ordinal", rng=rng, levels=levels, n_resamples=n_resamples, confidence=confidence
    )
    kappa = _coefficient(fleiss, n_used)
    row = Agreement(
        criterion=criterion,
        n_cards=n_used,
        n_single=int(table.cards(criterion).shape[0]) - n_used,
        n_ratings=cards.n_ratings,
        fleiss=kappa,
        z=fleiss.z if isinstance(fleiss, agreement.Kappa) and np.isfinite(fleiss.z) else None,
        p=fleiss.p if isinstance(fleiss, agreement.Kappa) and np.isfinite(fleiss.p) else None,
        landis_koch=landis_koch(kappa.interval),
        categories=_categories(fleiss, levels, n_used),
        alpha_ordinal=resampled(
            alpha_interval,
            None if isinstance(alpha, Undefined) else alpha.value,
            "Krippendorff's alpha with ordinal distances",
            alpha.reason if isinstance(alpha, Undefined) else "",
        ),
        exact=_share(cards, 0, seed=seed, rng=rng, confidence=confidence, n_resamples=n_resamples),
        within_one=_share(cards, 1, seed=seed, rng=rng, confidence=confidence, n_resamples=n_resamples),
        ac1=_coefficient(agreement.gwet_ac(cards, levels=levels, confidence=confidence), n_used),
        free_marginal=_coefficient(
            agreement.randolph_kappa(cards, levels=levels, confidence=confidence), n_used
        ),
    )
    return with_coefficients(
        row, cards, levels=levels, seed=seed, rng=rng, confidence=confidence, n_resamples=n_resamples
    )


def consistency(table: RatingTable, *, confidence: float = 0.95) -> list[Consistency]:
    """How annotators judged a card they had judged before; empty where nobody met one twice."""
    frame = pd.DataFrame(
        {
            "criterion": table.criterion,
            "annotator": table.annotator,
            "case": table.case,
            "system": table.system,
            "point": table.point,
            "repeat": table.repeat,
        }
    )
    keys = ["criterion", "annotator", "case", "system"]
    judged = frame[frame["point"] >= 0]
    first, again = judged[~judged["repeat"]], judged[judged["repeat"]]
    pairs = again.merge(first, on=keys, suffixes=("_again", "_first"))
    distance = (pairs["point_again"] - pairs["point_first"]).abs().to_numpy()
    rows = []
    for code, criterion in enumerate(table.criteria):
        own = (pairs["criterion"] == code).to_numpy()
        apart, who = distance[own], pairs["annotator"].to_numpy()[own]
        if len(apart):
            shares = [
                _repeated(same, who, what, table.annotators_identified, confidence)
                for same, what in ((apart == 0, "equal"), (apart <= 1, "within one"))
            ]
            rows.append(Consistency(criterion, *shares))
    return rows


def _repeated(
    same: npt.NDArray[np.bool_],
    annotator: npt.NDArray[np.int64],
    what: str,
    identified: bool,
    confidence: float,
) -> Number:
    interval = share_interval(same, annotator, confidence=confidence)
    if not identified:
        interval = Undefined("names are slots that follow nobody, so nobody knows who looked twice")
    return as_number(
        len(same),
        "second looks",
        f"share of second looks {what} to the first by the same annotator",
        float(same.mean()),
        interval,
    )


def _number(
    value: float | None,
    undefined: str,
    interval: MaybeInterval,
    *,
    n: int,
    method: str,
    seed: int | None = None,
) -> Number:
    has = isinstance(interval, Interval) and value is not None
    return Number(
        value=value,
        n=n,
        counted="cards",
        method=method,
        interval=interval if isinstance(interval, Interval) and value is not None else None,
        no_interval="" if has or value is None or not isinstance(interval, Undefined) else interval.reason,
        undefined=undefined,
        seed=seed if has else None,
    )


def _coefficient(found: linearised.Agreement | Undefined, n_used: int) -> Number:
    if isinstance(found, Undefined):
        return Number(None, n_used, "cards", "chance-corrected agreement", undefined=found.reason)
    return _number(
        found.value, "", found.interval, n=found.n_used, method=f"{found.name}; {found.convention}"
    )


def _categories(
    fleiss: agreement.Kappa | Undefined, levels: tuple[int, ...], n_used: int
) -> tuple[Number, ...]:
    method = "Fleiss' kappa of this point of the scale against all others"
    if isinstance(fleiss, Undefined):
        return tuple(Number(None, n_used, "cards", method, undefined=fleiss.reason) for _ in levels)
    numbers = []
    for kappa in fleiss.per_category:
        if isinstance(kappa.value, Undefined):
            numbers.append(Number(None, n_used, "cards", method, undefined=kappa.value.reason))
        else:
            reason = "only its test against 0 has a standard error"
            numbers.append(Number(kappa.value, n_used, "cards", method, no_interval=reason))
    return tuple(numbers)


def _share(
    cards: Patterns,
    tolerance: int,
    *,
    seed: int,
    rng: np.random.Generator,
    confidence: float,
    n_resamples: int,
) -> Number:
    """Share of pairs of ratings of one card at most `tolerance` points apart; each card weighs the same."""
    words = "equal" if tolerance == 0 else f"at most {tolerance} apart"
    method = f"share of pairs of ratings of one card that are {words}, mean over cards"
    found = agreement.percent_agreement(cards)
    n = cards.at_least(2).n_cards
    if isinstance(found, Undefined):
        return Number(None, n, "cards", method, undefined=found.reason)
    used = cards.at_least(2)
    q = used.counts.shape[1]
    near = (np.abs(np.subtract.outer(np.arange(q), np.arange(q))) <= tolerance).astype(np.float64)
    features = np.column_stack(
        [np.ones(len(used.multiplicity)), pair_weights.pair_agreement(used.counts, near)]
    )

    def mean(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(sums[..., 1] / sums[..., 0])

    interval = bootstrap.bootstrap_sums(
        features, mean, used.multiplicity, rng=rng, n_resamples=n_resamples, confidence=confidence
    )
    value = found.exact if tolerance == 0 else found.within_one
    return _number(value, "", interval, n=n, method=method, seed=seed)
