import time

import numpy as np
import pandas as pd
import pytest

from analysis.stats.rating_columns import BadRatings
from analysis.stats.ratings import RatingTable, UnknownLabel
from tests.analysis.stats.made import long_frame, table


def test_counts_are_by_card_and_keep_unused_points_of_the_scale() -> None:
    made = table(
        {("c1", "prism"): [5, 4, 4], ("c1", "knn"): [1, None, 1], ("c2", "prism"): [None, None, None]}
    )
    assert made.cards("clear").values.tolist() == [["c1", "prism"], ["c1", "knn"], ["c2", "prism"]]
    assert made.counts("clear").tolist() == [[0, 0, 0, 2, 1], [2, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert made.counts("clear", system="knn").tolist() == [[2, 0, 0, 0, 0]]
    assert made.counts("clear", case="c2").tolist() == [[0, 0, 0, 0, 0]]
    assert made.n_missing("clear") == 4
    assert made.n_ratings("clear") == 5


def test_totals_are_exact_integers_and_means_of_what_was_rated() -> None:
    made = table(
        {("c1", "prism"): [5, 4, 4], ("c1", "knn"): [1, None, 2], ("c2", "prism"): [None, None, None]}
    )
    sums = made.case_totals("clear")
    assert sums.totals.loc["c1"].to_dict() == {"prism": 13, "knn": 3}
    assert sums.n.loc["c1"].to_dict() == {"prism": 3, "knn": 2}
    assert made.case_means("clear").loc["c1", "knn"] == 1.5
    assert np.isnan(made.case_means("clear").loc["c2", "prism"])


def test_system_means_weigh_cases_alike_and_tie_exactly() -> None:
    thirds = {(f"c{i}", "a"): [1, 1, 2] for i in range(7)}
    mixed = {(f"c{i}", "b"): [1, 1, 2, 1, 1, 2] for i in range(7)}
    made = table(thirds | mixed)
    means = made.system_means("clear")
    assert means["a"] == means["b"] == 4 / 3
    uneven = table({("c1", "a"): [5], ("c2", "a"): [1, 1, 1]}).system_means("clear")
    assert uneven["a"] == 3.0


def test_matrix_has_annotators_by_cards_and_nan_where_unseen() -> None:
    made = table({("c1", "prism"): [5, None, 3], ("c2", "prism"): [1, 2, None]})
    np.testing.assert_array_equal(made.matrix("clear"), [[5, 1], [np.nan, 2], [3, np.nan]])


def test_order_of_rows_does_not_matter() -> None:
    frame = long_frame({(f"c{i}", s): [1 + i % 5, 3, 5] for i in range(12) for s in ("a", "b")})
    made = RatingTable.from_frame(frame)
    shuffled = RatingTable.from_frame(frame.sample(frac=1, random_state=4))
    assert sorted(map(tuple, made.counts("clear"))) == sorted(map(tuple, shuffled.counts("clear")))
    assert made.cases == shuffled.cases
    pd.testing.assert_frame_equal(
        made.case_totals("clear").totals, shuffled.case_totals("clear").totals[list(made.systems)]
    )


def test_repeats_are_kept_out_of_the_counts() -> None:
    frame = long_frame({("c1", "prism"): [5, 4]}).assign(repeat=False)
    again = frame.iloc[[0]].assign(value=1, repeat=True)
    made = RatingTable.from_frame(pd.concat([frame, again]))
    assert made.counts("clear").tolist() == [[0, 0, 0, 1, 1]]
    assert made.case_totals("clear").totals.loc["c1", "prism"] == 9
    assert made.n_repeats == 1


def test_every_bad_row_is_named_with_line_field_and_remedy() -> None:
    frame = pd.DataFrame(
        {
            "annotator": ["ada", "", "ben", "ben", "ada"],
            "case": ["c1", "c1", None, "c1", "c1"],
            "system": ["prism"] * 5,
            "criterion": ["clear"] * 5,
            "value": ["five", "4", "4", "6", "3.5"],
            "seconds": ["3", "", "-1", "2", "soon"],
            "repeat": ["no", "maybe", "", "yes", "0"],
        }
    )
    with pytest.raises(BadRatings) as refused:
        RatingTable.from_frame(frame)
    found = {(problem.line, problem.field) for problem in refused.value.problems}
    assert found == {
        (2, "value"),
        (3, "annotator"),
        (3, "repeat"),
        (4, "case"),
        (4, "seconds"),
        (5, "value"),
        (6, "value"),
        (6, "seconds"),
    }
    text = str(refused.value)
    assert "8 problems" in text
    assert "line 2, value: got 'five'. Give a whole number on the scale 1 to 5, or leave empty" in text


def test_a_name_with_nul_is_refused_with_its_line() -> None:
    rows = pd.DataFrame(
        [["a", "c\0x", "s", "f", 3], ["a", "d", "s", "f", 4]],
        columns=["annotator", "case", "system", "criterion", "value"],
    )
    with pytest.raises(BadRatings, match=r"line 2, case: .*Take the character NUL out"):
        RatingTable.from_frame(rows)


def test_duplicates_name_both_lines_and_the_way_out() -> None:
    frame = long_frame({("c1", "prism"): [5, 4]})
    with pytest.raises(
        BadRatings, match=r"line 4, annotator: annotator 1 already rated case c1 .* in line 2"
    ) as refused:
        RatingTable.from_frame(pd.concat([frame, frame.iloc[[0]]]))
    assert "repeat = true" in str(refused.value)


def test_a_missing_column_is_guessed_at() -> None:
    frame = long_frame({("c1", "prism"): [5]}).rename(columns={"annotator": "anotator", "value": "Value"})
    with pytest.raises(BadRatings) as refused:
        RatingTable.from_frame(frame)
    text = str(refused.value)
    assert 'Did you mean the column "anotator"?' in text
    assert 'Did you mean the column "Value"?' in text


def test_an_empty_table_and_a_senseless_scale_are_refused() -> None:
    with pytest.raises(BadRatings, match="no rows"):
        RatingTable.from_frame(long_frame({("c1", "a"): [1]}).iloc[:0])
    with pytest.raises(ValueError, match="two or more different whole numbers"):
        RatingTable.from_frame(long_frame({("c1", "a"): [1]}), levels=(3,))


def test_true_and_false_are_no_ratings() -> None:
    with pytest.raises(BadRatings, match="got"):
        RatingTable.from_frame(long_frame({("c1", "a"): [1]}).assign(value=[True]))


def test_many_bad_rows_are_counted_in_full() -> None:
    frame = long_frame({(f"c{i}", "a"): [9] for i in range(12_000)})
    with pytest.raises(BadRatings) as refused:
        RatingTable.from_frame(frame)
    assert refused.value.n_problems == 12_000
    assert len(refused.value.problems) == 10_000


def test_text_and_numbers_name_the_same_case() -> None:
    frame = pd.concat([long_frame({(7, "a"): [1]}), long_frame({("7", "b"): [2]})])
    assert RatingTable.from_frame(frame).cases == ("7",)


@pytest.mark.parametrize(
    "cast",
    [
        {"value": "Int64"},
        {"value": "object"},
        {"value": "string"},
        {"system": "category", "case": "category"},
        {"annotator": "string[pyarrow]"},
    ],
)
def test_whatever_pandas_holds_the_columns_in(cast: dict[str, str]) -> None:
    frame = long_frame({("c1", "prism"): [5, None, 3], ("c2", "prism"): [1, 2, None]})
    plain = RatingTable.from_frame(frame).counts("clear")
    held = frame.astype({"value": "Int64"}).astype(cast)
    assert RatingTable.from_frame(held).counts("clear").tolist() == plain.tolist()


def test_unknown_names_are_answered_with_the_nearest() -> None:
    made = table({("c1", "prism"): [5]})
    with pytest.raises(UnknownLabel, match=r'no criterion "cleer"\. Did you mean "clear"'):
        made.counts("cleer")
    with pytest.raises(UnknownLabel, match='no system "prisma"'):
        made.counts("clear", system="prisma")


def test_simulated_ratings_are_seen() -> None:
    frame = long_frame({("c1", "prism"): [5, 4]})
    assert not RatingTable.from_frame(frame).any_simulated
    assert RatingTable.from_frame(frame.assign(simulated=[True, False])).any_simulated


def test_a_million_rows_are_checked_and_counted_in_seconds() -> None:
    rng = np.random.default_rng(0)
    n = 1_000_000
    case, who = np.divmod(np.arange(n), 5)
    frame = pd.DataFrame(
        {
            "annotator": who,
            "case": case // 2,
            "system": np.where(case % 2, "a", "b"),
            "criterion": "clear",
            "value": rng.integers(1, 6, n),
        }
    )
    started = time.process_time()
    made = RatingTable.from_frame(frame)
    counts = made.counts("clear")
    assert counts.shape == (200_000, 5)
    assert (counts.sum(axis=1) == 5).all()
    # Ten times what it takes on one slow core; a loop over rows would take minutes.
    assert time.process_time() - started < 15
