"""What stands beside the main coefficients of agreement: other weights and distances, reliability, points by test.

None of it is the headline. It is there for those who compare with a paper that reports it, and for those who want
to see whether the headline hangs on a choice.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from analysis.report.findings.agreement import Agreement, CategoryTest
from analysis.report.findings.number import Number
from analysis.report.numbers import as_number, defined
from analysis.stats import agreement, bootstrap, krippendorff, linearised
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined
from analysis.stats.krippendorff import Level
from analysis.stats.pair_weights import Weights
from analysis.stats.patterns import Patterns
from analysis.stats.reliability import Icc, icc_interval, icc_oneway

AC2_WARNING = "looks high even where annotators mark at random (.7 on some scales): read it beside alpha"


def with_coefficients(
    row: Agreement,
    cards: Patterns,
    *,
    levels: tuple[int, ...],
    seed: int,
    rng: np.random.Generator,
    confidence: float,
    n_resamples: int,
) -> Agreement:
    """The row with all further coefficients; draws from `rng` after what the main ones drew.

    Args:
        cards: with a rating or more.
    """
    made = _Maker(cards, levels, seed, rng, confidence, n_resamples)
    single, mean = made.icc()
    return replace(
        row,
        fleiss_bca=made.fleiss_bca(),
        fleiss_linear=made.fleiss("linear"),
        fleiss_quadratic=made.fleiss("quadratic"),
        alpha_nominal=made.alpha("nominal"),
        alpha_interval=made.alpha("interval"),
        ac2_quadratic=made.ac2(),
        icc_single=single,
        icc_mean=mean,
        unanimous=made.unanimous(),
        category_tests=made.category_tests(),
    )


class _Maker:
    """One criterion's cards, and how its numbers are to be made."""

    def __init__(
        self,
        cards: Patterns,
        levels: tuple[int, ...],
        seed: int,
        rng: np.random.Generator,
        confidence: float,
        n_resamples: int,
    ) -> None:
        self.cards, self.levels, self.seed, self.rng = cards, levels, seed, rng
        self.confidence, self.n_resamples = confidence, n_resamples
        self.used = cards.at_least(2)
        self.kappa = agreement.fleiss_kappa(cards, levels=levels, confidence=confidence)

    def number(
        self, method: str, value: Maybe, interval: MaybeInterval, *, drawn: bool = False, n: int | None = None
    ) -> Number:
        cards = self.used.n_cards if n is None else n
        return as_number(cards, "cards", method, value, interval, seed=self.seed if drawn else None)

    def fleiss_bca(self) -> Number:
        method = "Fleiss' kappa, with the bootstrap's interval"
        if isinstance(self.kappa, Undefined):
            return self.number(method, self.kappa, self.kappa)
        interval = bootstrap.kappa_interval(
            self.cards,
            rng=self.rng,
            levels=self.levels,
            n_resamples=self.n_resamples,
            confidence=self.confidence,
        )
        return self.number(method, self.kappa.value, interval, drawn=True)

    def fleiss(self, weights: Weights) -> Number:
        found = agreement.fleiss_kappa(
            self.cards, levels=self.levels, weights=weights, confidence=self.confidence
        )
        return self._linearised(f"Fleiss' kappa, {weights} weights: near misses count in part", found)

    def ac2(self) -> Number:
        found = agreement.gwet_ac(
            self.cards, levels=self.levels, weights="quadratic", confidence=self.confidence
        )
        return self._linearised(f"Gwet's AC2, quadratic weights; {AC2_WARNING}", found)

    def _linearised(self, method: str, found: linearised.Agreement | Undefined) -> Number:
        if isinstance(found, Undefined):
            return self.number(method, found, found)
        return self.number(method, found.value, found.interval)

    def alpha(self, level: Level) -> Number:
        method = f"Krippendorff's alpha with {level} distances"
        found = krippendorff.alpha(self.cards, level, levels=self.levels)
        if isinstance(found, Undefined):
            return self.number(method, found, found)
        interval = bootstrap.alpha_interval(
            self.cards,
            level,
            rng=self.rng,
            levels=self.levels,
            n_resamples=self.n_resamples,
            confidence=self.confidence,
        )
        return self.number(method, found.value, interval, drawn=True)

    def icc(self) -> tuple[Number, Number]:
        """ICC(1) and ICC(1,k): by F where cards have equal numbers of ratings, else by the bootstrap."""
        words = "one-way intraclass correlation of a single rating, ICC(1)"
        of_mean = "one-way intraclass correlation of the mean of a card's ratings, ICC(1,k)"
        found = icc_oneway(self.cards, levels=self.levels, confidence=self.confidence)
        if isinstance(found, Undefined):
            return self.number(words, found, found), self.number(of_mean, found, found)
        of_mean = f"{of_mean}, k = {found.k:.4g}"
        if isinstance(found.mean, Undefined) or len(set(self.used.raters.tolist())) == 1:
            return (
                self.number(words, found.single, found.single_interval),
                self.number(of_mean, found.mean, found.mean_interval),
            )
        return self._resampled_icc(found, words, of_mean)

    def _resampled_icc(self, found: Icc, words: str, of_mean: str) -> tuple[Number, Number]:
        single, mean = (
            icc_interval(
                self.cards,
                rng=self.rng,
                of=of,
                levels=self.levels,
                n_resamples=self.n_resamples,
                confidence=self.confidence,
            )
            for of in ("single", "mean")
        )
        return (
            self.number(words, found.single, single, drawn=True),
            self.number(of_mean, found.mean, mean, drawn=True),
        )

    def unanimous(self) -> Number:
        method = "share of cards on which all ratings are equal"
        found = agreement.percent_agreement(self.cards)
        if isinstance(found, Undefined):
            return self.number(method, found, found)
        same = (self.used.counts.max(axis=1) == self.used.raters).astype(np.float64)
        features = np.column_stack([np.ones(len(same)), same])

        def share(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.asarray(sums[..., 1] / sums[..., 0])

        interval = bootstrap.bootstrap_sums(
            features,
            share,
            self.used.multiplicity,
            rng=self.rng,
            n_resamples=self.n_resamples,
            confidence=self.confidence,
        )
        return self.number(method, found.unanimous, interval, drawn=True)

    def category_tests(self) -> tuple[CategoryTest, ...]:
        """The tests of the kappas of single points; nothing where kappa itself does not exist."""
        if isinstance(self.kappa, Undefined):
            return ()
        return tuple(
            CategoryTest(one.level, one.share, defined(one.se0), defined(one.z), defined(one.p))
            for one in self.kappa.per_category
        )
