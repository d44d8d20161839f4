"""Agreement of persons with each other: ratings in, `Persons` out. Refused in words where the data have slots."""

import numpy as np

from analysis.report.findings.agreement import PairAgreement, Persons
from analysis.report.findings.number import Number
from analysis.report.numbers import as_number
from analysis.report.words import many
from analysis.stats.crossed_reliability import (
    FullTable,
    KendallW,
    Reliability,
    TwoWayIcc,
    full_table,
    icc_twoway,
    kendall_w,
)
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined
from analysis.stats.linearised import Agreement
from analysis.stats.pair_weights import Weights
from analysis.stats.rater_pairs import RaterPair, cohen, conger_kappa, light, rater_pairs
from analysis.stats.ratings import RatingTable

MAX_ANNOTATORS = 30
"""With more of them the pairs are not listed; their mean still counts them all."""
WEIGHTS: tuple[Weights, ...] = ("identity", "linear", "quadratic")
NO_INTERVAL_OF_A_MEAN = Undefined("none is computed: pairs share cards and annotators")
NO_INTERVAL_OF_W = Undefined("none is computed: it has a test")


def persons(table: RatingTable, *, confidence: float) -> list[Persons]:
    """Every criterion, in the order of `table.criteria`."""
    return [_one(table, criterion, confidence) for criterion in table.criteria]


def _one(table: RatingTable, criterion: str, confidence: float) -> Persons:
    pairs = rater_pairs(table, criterion)
    full = full_table(table, criterion)
    icc: TwoWayIcc | Undefined = (
        full if isinstance(full, Undefined) else icc_twoway(full.values, confidence=confidence)
    )
    w: KendallW | Undefined = full if isinstance(full, Undefined) else kendall_w(full.values)
    listed = (
        ()
        if isinstance(pairs, Undefined) or len(table.annotators) > MAX_ANNOTATORS
        else tuple(_pair(pair, table.levels, confidence) for pair in pairs)
    )
    means = [_light(table, pairs, weights) for weights in WEIGHTS]
    n, left = (0, "") if isinstance(full, Undefined) else (len(full.values), _left_out(full))

    def reliability(form: str, words: str) -> Number:
        method = f"two-way intraclass correlation, {words}{left}"
        one: Reliability = Reliability(icc, icc) if isinstance(icc, Undefined) else getattr(icc, form)
        return as_number(n, "cards", method, one.value, one.interval)

    return Persons(
        criterion=criterion,
        conger=_conger(table, criterion, "identity", confidence),
        conger_quadratic=_conger(table, criterion, "quadratic", confidence),
        light=means[0],
        light_linear=means[1],
        light_quadratic=means[2],
        icc_agreement=reliability("agreement_single", "agreement of one rating, ICC(2)"),
        icc_agreement_mean=reliability("agreement_mean", "agreement of the mean of all annotators, ICC(2,k)"),
        icc_consistency=reliability(
            "consistency_single", "consistency of one rating, severity set aside, ICC(3)"
        ),
        icc_consistency_mean=reliability(
            "consistency_mean", "consistency of the mean, severity set aside, ICC(3,k)"
        ),
        kendalls_w=as_number(
            n,
            "cards",
            f"Kendall's W: how far annotators agree on the order of the cards, ties corrected{left}",
            w if isinstance(w, Undefined) else w.w,
            NO_INTERVAL_OF_W,
        ),
        w_p=None if isinstance(w, Undefined) else w.p,
        pairs=listed,
    )


def _left_out(full: FullTable) -> str:
    return f"; {many(full.n_left_out, 'card')} that somebody did not rate left out" if full.n_left_out else ""


def _conger(table: RatingTable, criterion: str, weights: Weights, confidence: float) -> Number:
    method = f"Conger's kappa, {weights} weights: chance from each annotator's own use of the scale"
    found: Agreement | Undefined = conger_kappa(table, criterion, weights=weights, confidence=confidence)
    if isinstance(found, Undefined):
        return as_number(0, "cards", method, found, found)
    return as_number(found.n_used, "cards", method, found.value, found.interval)


def _light(table: RatingTable, pairs: tuple[RaterPair, ...] | Undefined, weights: Weights) -> Number:
    method = f"mean over pairs of annotators of Cohen's kappa (Light), {weights} weights"
    if isinstance(pairs, Undefined):
        return as_number(0, "pairs", method, pairs, pairs)
    found = light(pairs, levels=table.levels, weights=weights)
    left = f"; {many(found.n_undefined, 'pair')} without a kappa left out" if found.n_undefined else ""
    return as_number(found.n_pairs, "pairs", method + left, found.value, NO_INTERVAL_OF_A_MEAN)


def _pair(pair: RaterPair, levels: tuple[int, ...], confidence: float) -> PairAgreement:
    names = pair.first, pair.second

    def kappa(weights: Weights) -> Number:
        found = cohen(pair.joint, levels=levels, weights=weights, names=names, confidence=confidence)
        value: Maybe = found.value
        interval: MaybeInterval = found.interval
        return as_number(pair.n_cards, "cards", f"Cohen's kappa, {weights} weights", value, interval)

    equal = float(np.trace(pair.joint)) / pair.n_cards
    return PairAgreement(
        first=pair.first,
        second=pair.second,
        n_cards=pair.n_cards,
        equal=equal,
        kappa=kappa("identity"),
        linear=kappa("linear"),
        quadratic=kappa("quadratic"),
    )
