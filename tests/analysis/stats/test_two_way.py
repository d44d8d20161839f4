"""Cases and annotators drawn together: by hand, by seed, and by counting how often the intervals cover."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats.estimates import Undefined
from analysis.stats.ratings import RatingTable
from analysis.stats.significance import pair, paired_t
from analysis.stats.two_way import _drawn, two_way


def made(
    *,
    n_cases: int = 40,
    n_annotators: int = 10,
    k: int = 5,
    taste: float = 0.0,
    seed: int = 0,
    systems: str = "ab",
) -> RatingTable:
    """k annotators a case; `taste` is how far they differ in what they think of a system; b is .5 above a."""
    maker = np.random.default_rng(seed)
    person, level = maker.normal(0, taste, (n_annotators, len(systems))), maker.normal(0, 0.5, n_cases)
    text, rows = maker.normal(0, 0.5, (n_cases, len(systems))), []
    for case in range(n_cases):
        for annotator in maker.choice(n_annotators, k, replace=False):
            for place, system in enumerate(systems):
                mark = (
                    0.5 * place + level[case] + text[case, place] + person[annotator, place] + maker.normal()
                )
                rows.append((f"A{annotator}", f"c{case}", system, "clear", round(mark)))
    frame = pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    return RatingTable.from_frame(frame, levels=range(-20, 21))


def test_a_resample_is_the_paired_difference_of_what_was_drawn() -> None:
    table = made(n_cases=7, n_annotators=6, k=3, systems="abc")
    found = two_way(table, "clear", rng=np.random.default_rng(9), n_resamples=20)
    maker = np.random.default_rng(9)
    people, cases = _drawn(6, 20, maker), _drawn(7, 20, maker)
    values = np.asarray(table.levels)[table.point]
    for draw in range(20):
        times = people[draw][table.annotator]
        gaps = []
        for case in range(7):
            sides = []
            for system in (0, 2):
                own = (table.case == case) & (table.system == system)
                sides.append((times * values)[own].sum() / times[own].sum() if times[own].sum() else np.nan)
            gaps += [sides[0] - sides[1]] * int(cases[draw][case])
        place = found.pairs.index((0, 2))
        kept = np.array(gaps)[~np.isnan(gaps)]
        assert found.weight[draw, place] == len(kept)
        assert found.sums[draw, place] == pytest.approx(kept.sum())


def test_the_same_seed_draws_the_same_and_the_reverse_pair_is_the_reverse() -> None:
    table = made(taste=0.5)
    one, two = (two_way(table, "clear", rng=np.random.default_rng(3), n_resamples=200) for _ in range(2))
    forth, back = one.interval(0, 1), two.interval(1, 0)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))
    assert forth.n_resamples == 200
    assert "10 annotators" in forth.method


def test_without_annotators_to_draw_it_says_why() -> None:
    table = made(n_annotators=4, k=2)
    assert "4 annotators; drawing them needs 5" in str(two_way(table, "clear", rng=np.random.default_rng(1)))
    frame = pd.DataFrame(
        [(f"s{a}", f"c{c}", s, "clear", 1 + (a + c) % 5) for a in range(6) for c in range(4) for s in "ab"],
        columns=["annotator", "case", "system", "criterion", "value"],
    )
    slots = RatingTable.from_frame(frame, annotators_identified=False)
    assert "do not follow persons" in str(two_way(slots, "clear", rng=np.random.default_rng(1)))
    same = two_way(RatingTable.from_frame(frame), "clear", rng=np.random.default_rng(1), n_resamples=100)
    assert isinstance(same.interval(0, 1), Undefined)
    apart = frame.assign(case=frame["case"] + frame["system"])
    none = two_way(RatingTable.from_frame(apart), "clear", rng=np.random.default_rng(1), n_resamples=100)
    assert "no case that was rated for both" in str(none.interval(0, 1))


@pytest.mark.parametrize(
    ("taste", "cases_alone"), [(0.0, (0.85, 1.0)), (0.5, (0.5, 0.88)), (1.0, (0.3, 0.7))]
)
def test_intervals_cover_where_those_over_cases_alone_do_not(
    taste: float, cases_alone: tuple[float, float]
) -> None:
    # 100 studies each of 40 cases, 5 of 10 annotators a case; benchmarks.two_way_coverage counts more.
    inside = np.zeros(2)
    for seed in range(100):
        table = made(taste=taste, seed=seed)
        drawn = two_way(table, "clear", rng=np.random.default_rng(seed), n_resamples=300)
        a, b = (table.systems.index(name) for name in "ab")
        alone = pair(table, "clear", "b", "a")
        inside += [0.5 in drawn.interval(b, a), 0.5 in paired_t(alone.values_a, alone.values_b).interval]
    assert inside[0] >= 86  # 10 annotators are few: percentile intervals of 10 lose some points
    assert cases_alone[0] <= inside[1] / 100 <= cases_alone[1]
