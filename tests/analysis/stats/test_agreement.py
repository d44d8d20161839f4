import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.stats.agreement import Kappa, fleiss_kappa, gwet_ac, percent_agreement, randolph_kappa
from analysis.stats.estimates import Undefined
from analysis.stats.krippendorff import alpha
from analysis.stats.patterns import patterns

MIXED = np.array([[2, 1, 0], [0, 3, 0], [1, 1, 1], [0, 0, 3], [0, 2, 1]])


def test_a_constant_crowd_is_undefined_in_words_not_one_or_nan() -> None:
    constant = np.array([[0, 0, 0, 3, 0]] * 6)
    expected = "undefined: every rating is 4 (100% agreement)"
    assert str(fleiss_kappa(constant)) == expected
    for level in ("nominal", "ordinal", "interval"):
        assert str(alpha(constant, level)) == expected
    assert str(fleiss_kappa([[3, 0]] * 4, levels=(0, 1))) == "undefined: every rating is 0 (100% agreement)"


def test_free_marginals_are_defined_for_a_constant_crowd() -> None:
    constant = np.array([[0, 0, 0, 3, 0]] * 6)
    assert randolph_kappa(constant).value == 1
    assert gwet_ac(constant).value == 1
    assert percent_agreement(constant).exact == 1
    assert isinstance(randolph_kappa(constant).interval, Undefined)


def test_cards_with_one_rating_cannot_agree() -> None:
    lonely = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    for found in (
        fleiss_kappa(lonely),
        alpha(lonely),
        randolph_kappa(lonely),
        gwet_ac(lonely),
        percent_agreement(lonely),
    ):
        assert str(found) == "undefined: no card was rated by two annotators"


def test_cards_without_ratings_change_nothing() -> None:
    padded = np.vstack([MIXED, np.zeros((4, 3), dtype=int)])
    assert fleiss_kappa(padded) == fleiss_kappa(MIXED)
    assert alpha(padded) == alpha(MIXED)


def test_cards_with_one_rating_count_in_the_shares_of_kappa_and_not_in_alpha() -> None:
    padded = np.vstack([MIXED, [[1, 0, 0]] * 3])
    assert alpha(padded) == alpha(MIXED)
    kappa = fleiss_kappa(padded)
    assert (kappa.n_cards, kappa.n_used) == (8, 5)
    assert kappa.observed == fleiss_kappa(MIXED).observed
    assert kappa.chance != fleiss_kappa(MIXED).chance


def test_kappa_of_a_point_rests_on_the_cards_that_can_agree() -> None:
    # Four cards of two ratings, no pair alike on point 1; twenty of one rating, all of them on point 3.
    pairs = np.array([[1, 1, 0]] * 4)
    padded = np.vstack([pairs, [[0, 0, 1]] * 20, [[1, 0, 0]] * 200])
    alone, among_single = fleiss_kappa(pairs).per_category, fleiss_kappa(padded).per_category
    assert [kappa.value for kappa in among_single[:2]] == [kappa.value for kappa in alone[:2]] == [-1, -1]
    assert among_single[0].z == alone[0].z
    assert str(among_single[2].value) == ("undefined: no rating is 3 on the cards with two ratings or more")


def test_unused_points_of_the_scale_move_free_marginals_and_no_others() -> None:
    wider = np.column_stack([MIXED, np.zeros((5, 2), dtype=int)])
    assert fleiss_kappa(wider).value == pytest.approx(fleiss_kappa(MIXED).value)
    assert alpha(wider).value == pytest.approx(alpha(MIXED).value)
    assert randolph_kappa(wider).value > randolph_kappa(MIXED).value
    assert str(fleiss_kappa(wider).per_category[3].value) == "undefined: no rating is 4"


def test_negative_agreement_is_not_cut_off() -> None:
    split = np.array([[1, 1], [1, 1], [1, 1], [1, 1]])
    assert fleiss_kappa(split).value == -1
    assert alpha(split).value < 0


def test_percent_agreement_within_one_and_unanimous() -> None:
    found = percent_agreement([[0, 0, 0, 2, 1], [1, 0, 0, 0, 2], [0, 0, 3, 0, 0]])
    assert found.exact == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)
    assert found.within_one == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert found.unanimous == pytest.approx(1 / 3)
    assert found.n_pairs == 9


def test_the_null_error_is_right_where_cards_have_unequal_numbers_of_ratings() -> None:
    rng = np.random.default_rng(7)
    share, raters = np.array([0.5, 0.3, 0.2]), np.repeat([2, 3, 8], 40)
    for shares in ("mean_of_cards", "pooled"):
        kappas = [fleiss_kappa(rng.multinomial(raters, share), shares=shares) for _ in range(1500)]
        spread = np.std([k.value for k in kappas])
        assert np.mean([k.se0 for k in kappas]) == pytest.approx(spread, rel=0.06)


def test_the_linearised_interval_covers_where_the_null_error_would_not() -> None:
    # Half of the cards are clear, half are guesses: kappa is far from 0 and its error far above the null
    # error.
    rng = np.random.default_rng(11)
    many = _half_clear(rng, 100_000)
    truth = fleiss_kappa(many).value
    inside = null_inside = 0
    for _ in range(300):
        kappa = fleiss_kappa(_half_clear(rng, 60))
        inside += truth in kappa.interval
        null_inside += abs(kappa.value - truth) <= 1.96 * kappa.se0
    assert 0.90 <= inside / 300 <= 0.985
    assert null_inside / 300 < 0.80


def _half_clear(rng: np.random.Generator, n: int) -> np.ndarray:
    clear = rng.random(n) < 0.5
    answer = rng.integers(0, 3, n)
    share = np.where(clear[:, None], np.eye(3)[answer], 1 / 3)
    return rng.multinomial(5, share)


def test_the_kappa_paradox() -> None:
    nearly_all_yes = np.array([[0, 3]] * 96 + [[1, 2]] * 4)
    kappa, ac1 = fleiss_kappa(nearly_all_yes), gwet_ac(nearly_all_yes)
    assert percent_agreement(nearly_all_yes).exact > 0.97
    assert kappa.value < 0
    assert ac1.value > 0.97


def test_quadratic_ac2_praises_noise_and_alpha_does_not() -> None:
    rng = np.random.default_rng(3)
    noise = rng.multinomial(3, [0.05, 0.1, 0.3, 0.4, 0.15], size=2000)
    assert gwet_ac(noise, weights="quadratic").value > 0.5
    assert abs(alpha(noise).value) < 0.05


def test_weighted_kappa_keeps_the_null_test_of_identity_weights() -> None:
    plain, weighted = fleiss_kappa(MIXED), fleiss_kappa(MIXED, weights="quadratic")
    assert isinstance(plain, Kappa)
    assert (weighted.se0, weighted.z, weighted.p) == (plain.se0, plain.z, plain.p)
    assert weighted.value != plain.value


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([1, 2, 3], "shape"),
        ([[1], [2]], "two or more levels"),
        ([[1, -1]], "negative"),
        ([[0.5, 1]], "whole numbers"),
        ([[np.nan, 1]], "whole numbers"),
    ],
)
def test_what_is_no_count_table_is_refused(counts: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fleiss_kappa(counts)


def test_misspelt_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="quadratic"):
        fleiss_kappa(MIXED, weights="squared")
    with pytest.raises(ValueError, match="pooled"):
        fleiss_kappa(MIXED, shares="mean")
    with pytest.raises(ValueError, match="nominal"):
        alpha(MIXED, "ordnial")
    with pytest.raises(ValueError, match="ascending"):
        fleiss_kappa(MIXED, levels=(1, 2))


def naive_alpha(counts: np.ndarray, level: str) -> float:
    """Krippendorff's alpha by every pair of ratings, straight from the definition."""
    units = [np.repeat(np.arange(counts.shape[1]), row) for row in counts if row.sum() >= 2]
    everything = np.concatenate(units)
    n_c = np.bincount(everything, minlength=counts.shape[1])

    def distance(c: int, k: int) -> float:
        low, high = min(c, k), max(c, k)
        if level == "ordinal":
            return (n_c[low : high + 1].sum() - (n_c[low] + n_c[high]) / 2) ** 2
        return float((c - k) ** 2 if level == "interval" else c != k)

    within = sum(sum(distance(c, k) for c in unit for k in unit) / (len(unit) - 1) for unit in units)
    between = sum(distance(c, k) for c in everything for k in everything)
    return 1 - (len(everything) - 1) * within / between


tables = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 4)), elements=st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(counts=tables, level=st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_its_definition(counts: np.ndarray, level: str) -> None:
    found = alpha(counts, level)
    if isinstance(found, Undefined):
        used = counts[counts.sum(axis=1) >= 2]
        assert (used.sum(axis=0) > 0).sum() <= 1
    else:
        assert found.value == pytest.approx(naive_alpha(counts, level), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(counts=tables, seed=st.integers(0, 100))
def test_order_of_cards_and_grouping_change_nothing(counts: np.ndarray, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(counts)
    assert fleiss_kappa(shuffled) == fleiss_kappa(counts) == fleiss_kappa(patterns(counts))
    doubled = fleiss_kappa(np.vstack([counts, counts]))
    if isinstance(doubled, Kappa):
        assert doubled.value == pytest.approx(fleiss_kappa(counts).value, abs=1e-9)


def test_patterns_of_very_many_raters_do_not_overflow() -> None:
    wide = np.full((3, 12), 50_000)
    wide[0, 0] += 1
    found = patterns(wide)
    assert found.n_cards == 3
    assert found.n_ratings == wide.sum()
    assert sorted(found.multiplicity.tolist()) == [1, 2]
