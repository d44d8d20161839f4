"""Features of films in texts, counted by hand."""

from itertools import combinations

import numpy as np
import pytest

from analysis import metrics
from analysis.metrics.features import Lexicon
from generation.pipeline.records import Item
from tests.analysis.metrics.test_metrics import score, text

MATRIX = Item("1", "The Matrix", 1999, ("Action", "Sci-Fi"), ("Lana Wachowski",))
JAWS = Item("2", "Jaws", 1975, ("Action", "Thriller"), ())
BARE = Item("3", "Bare")
FILMS = [MATRIX, JAWS, BARE]
TEXTS = [
    text("A sci-fi film of the 90s with action.", item=MATRIX),
    text("Action of the 1970s.", item=JAWS),
    text("By Lana Wachowski.", item=JAWS),
]


def test_a_text_matches_where_it_names_a_feature_of_its_own_item() -> None:
    found = score("feature-match", *TEXTS, text("Action.", item=BARE), text("", item=JAWS), catalogue=FILMS)
    np.testing.assert_array_equal(found, [1, 1, 0, np.nan, 0])


def test_coverage_is_over_the_whole_lexicon() -> None:
    # Six features: action, sci fi, thriller, lana wachowski, 1990s, 1970s; only the thriller is never named.
    coverage = metrics.load("feature-coverage", catalogue=FILMS)
    assert coverage.measure(TEXTS) == pytest.approx(5 / 6)  # type: ignore[union-attr]
    assert np.isnan(metrics.load("feature-coverage", catalogue=[BARE]).measure(TEXTS))  # type: ignore[union-attr]


def test_repetition_is_the_mean_over_all_pairs_of_texts() -> None:
    texts = [*TEXTS, text("Action and sci-fi of the nineties.")]
    named = [Lexicon(FILMS).named(one.explanation) for one in texts]
    by_pairs = np.mean([len(one & other) for one, other in combinations(named, 2)])
    assert by_pairs == pytest.approx(4 / 6)
    repetition = metrics.load("feature-repetition", catalogue=FILMS)
    assert repetition.measure(texts) == pytest.approx(by_pairs)  # type: ignore[union-attr]
    assert np.isnan(repetition.measure(texts[:1]))  # type: ignore[union-attr]
    assert np.isnan(repetition.measure([text("Just watch it.")] * 3))  # type: ignore[union-attr]
