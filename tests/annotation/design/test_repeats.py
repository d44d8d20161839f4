from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from annotation.design.latin import deal, sequence
from annotation.design.ordering import interleave
from annotation.design.repeats import (
    ATTENTION,
    GOLD,
    KINDS,
    MAIN,
    RECHECK,
    REPEAT,
    Hidden,
    NoRoom,
    hide,
    most_repeats,
    spread,
)


@st.composite
def streams(draw):
    """The cases of an annotator's main cards, in any of the three designs."""
    design = draw(st.sampled_from(["paired", "latin", "side_by_side"]))
    n_cases, seed = draw(st.integers(4, 20)), draw(st.integers(0, 2**32))
    if design == "paired":
        n_systems, gap = draw(st.integers(2, 4)), draw(st.integers(1, n_cases))
        return interleave(n_cases, n_systems, gap, np.random.default_rng(seed)), gap
    if design == "latin":
        n_systems = draw(st.integers(2, 4))
        systems = deal(n_cases, n_systems, 1, n_systems, np.random.default_rng(seed))[0]
        return sequence(systems, n_systems, 0, np.random.default_rng(seed)), 1
    return list(range(n_cases)), 1


@st.composite
def plans(draw):
    cases, gap = draw(streams())
    repeat_gap = draw(st.integers(1, len(cases) + 2))
    n_reference = draw(st.integers(0, 10))
    n_gold = draw(st.integers(0, n_reference))
    n_recheck = draw(st.integers(0, n_reference - n_gold))
    return cases, Hidden(
        n_repeats=draw(st.integers(0, most_repeats(len(cases), repeat_gap))),
        repeat_gap=repeat_gap,
        case_gap=gap,
        n_attention=draw(st.integers(0, 4)),
        n_gold=n_gold,
        n_reference=n_reference,
        n_recheck=n_recheck,
        recheck_after=draw(st.integers(1, len(cases))),
    )


@settings(max_examples=300, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_counts_are_exact_and_the_main_cards_keep_their_order(plan, seed):
    cases, hidden = plan
    found = hide(cases, hidden, np.random.default_rng(seed))
    counts = Counter(entry.kind for entry in found)
    assert set(counts) <= set(KINDS)
    assert [counts[kind] for kind in (REPEAT, ATTENTION, GOLD, RECHECK)] == [
        hidden.n_repeats,
        hidden.n_attention,
        hidden.n_gold,
        hidden.n_recheck,
    ]
    assert [entry.which for entry in found if entry.kind == MAIN] == list(range(len(cases)))
    assert {entry.which for entry in found if entry.kind == ATTENTION} == set(range(hidden.n_attention))
    for shown in ([REPEAT], [GOLD, RECHECK]):
        once = [entry.which for entry in found if entry.kind in shown]
        assert len(set(once)) == len(once)
    assert found == hide(cases, hidden, np.random.default_rng(seed))  # from the seed alone


@settings(max_examples=300, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_no_repeat_is_near_what_it_repeats_and_no_two_touch(plan, seed):
    cases, hidden = plan
    found = hide(cases, hidden, np.random.default_rng(seed))
    first = {entry.which: place for place, entry in enumerate(found) if entry.kind == MAIN}
    for place, entry in enumerate(found):
        if entry.kind == REPEAT:
            assert place - first[entry.which] >= hidden.repeat_gap
    assert not any(one.kind == other.kind == REPEAT for one, other in pairwise(found))


@settings(max_examples=300, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_cards_of_one_case_stay_as_far_apart_as_they_were(plan, seed):
    cases, hidden = plan
    found = hide(cases, hidden, np.random.default_rng(seed))
    at = [place for place, entry in enumerate(found) if entry.kind == MAIN]
    for one, other in pairwise(range(len(cases))):
        assert at[other] - at[one] >= 1
    met = {}
    for main, case in enumerate(cases):
        if case in met:
            assert at[main] - at[met[case]] >= main - met[case]
        met[case] = main


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), n=st.integers(1, 6))
def test_a_repeat_keeps_the_gap_from_its_siblings_where_there_is_room(seed, n):
    """24 cases of two systems, all siblings 24 apart: a gap of 8 leaves room everywhere."""
    cases = [*range(24), *range(24)]
    found = hide(cases, Hidden(n_repeats=n, repeat_gap=10, case_gap=8), np.random.default_rng(seed))
    shown = [(cases[entry.which], place) for place, entry in enumerate(found)]
    for place, entry in enumerate(found):
        if entry.kind == REPEAT:
            others = [at for case, at in shown if case == cases[entry.which] and at != place]
            assert min(abs(at - place) for at in others) >= 8


@settings(max_examples=200, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_the_re_check_comes_together_after_the_planned_number_of_main_cards(plan, seed):
    cases, hidden = plan
    found = hide(cases, hidden, np.random.default_rng(seed))
    places = [place for place, entry in enumerate(found) if entry.kind == RECHECK]
    if places:
        assert places == list(range(places[0], places[0] + hidden.n_recheck))
        before = [entry for entry in found[: places[0]] if entry.kind == MAIN]
        assert len(before) == hidden.recheck_after
        assert found[places[0] - 1].kind == MAIN


def test_every_place_is_as_likely_for_checks_and_for_repeats():
    cases = list(range(20))
    hidden = Hidden(n_repeats=3, repeat_gap=6, n_attention=2, n_gold=2, n_reference=5)
    checks, repeats, gold = np.zeros(27), np.zeros(23), np.zeros(5)
    for seed in range(6000):
        found = hide(cases, hidden, np.random.default_rng([seed, 10]))
        for place, entry in enumerate(found):
            checks[place] += entry.kind in (ATTENTION, GOLD)
            if entry.kind == GOLD:
                gold[entry.which] += 1
        others = [entry for entry in found if entry.kind in (MAIN, REPEAT)]
        for place, entry in enumerate(others):
            repeats[place] += entry.kind == REPEAT
    assert not repeats[:6].any()
    # Places of one sequence lean on each other, which makes the statistic smaller, never larger.
    assert chisquare(checks).pvalue > 1e-3
    assert chisquare(repeats[6:]).pvalue > 1e-3
    assert chisquare(gold).pvalue > 1e-3
    assert checks.sum() == 24_000
    assert repeats.sum() == 18_000


@settings(max_examples=300, deadline=None)
@given(n_places=st.integers(1, 60), data=st.data(), seed=st.integers(0, 2**63 - 1))
def test_places_are_spread(n_places, data, seed):
    n = data.draw(st.integers(0, n_places))
    places = spread(n_places, n, np.random.default_rng(seed))
    assert len(set(places)) == n
    assert all(0 <= place < n_places for place in places)
    if n > 1:
        around = [*places, places[0] + n_places]
        assert min(b - a for a, b in pairwise(around)) >= max(1, n_places // (2 * n))


def test_too_much_is_refused_in_words():
    rng = np.random.default_rng(0)
    with pytest.raises(NoRoom, match="2 can be repeated and not 3: plan fewer"):
        hide(range(12), Hidden(n_repeats=3, repeat_gap=10), rng)
    with pytest.raises(NoRoom, match="there are 3: plan fewer, or mark more"):
        hide(range(12), Hidden(n_gold=2, n_recheck=2, n_reference=3, recheck_after=5), rng)
    with pytest.raises(NoRoom, match="never reached by somebody who has 12"):
        hide(range(12), Hidden(n_recheck=2, n_reference=3, recheck_after=13), rng)
