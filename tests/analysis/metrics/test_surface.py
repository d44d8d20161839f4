"""ENTR, echoes of the prompt and names from elsewhere, against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import metrics
from analysis.metrics.echo import echoed
from analysis.metrics.external import external_spans
from analysis.metrics.interface import Text
from analysis.metrics.words import forms
from generation.pipeline.records import Item

ALIEN = Item("1", "Alien", 1979, ("Horror", "Science Fiction"), ("Ridley Scott",))
TOWERS = Item("2", "The Lord of the Rings: The Two Towers", 2002)
MATRIX = Item("3", "The Matrix", 1999, ("Action",), ("Lana Wachowski",))


def text(explanation: str, *, instruction: str = "", case: str = "c") -> Text:
    return Text(
        case=case,
        system="s",
        explanation=explanation,
        item=MATRIX,
        history=(ALIEN, TOWERS),
        instruction=instruction,
    )


def measure(name: str, *texts: Text) -> float:
    return metrics.load(name).measure(texts)  # type: ignore[union-attr]


def test_entropy_is_the_geometric_mean_over_words_pairs_and_triples() -> None:
    # a b a b: words a 2/4, b 2/4: ln 2. Pairs ab 2/3, ba 1/3: ln 3 - 2/3 ln 2. Triples aba, bab: ln 2.
    words, pairs, triples = math.log(2), math.log(3) - 2 / 3 * math.log(2), math.log(2)
    assert measure("ngram-entropy", text("a b a b")) == pytest.approx((words * pairs * triples) ** (1 / 3))


def test_entropy_counts_over_all_texts_and_never_across_two() -> None:
    # Words a 2, b 2, c 2; pairs ab 2, bc 2; triple abc 2, of one kind: its entropy is 0, so the mean is.
    assert measure("ngram-entropy", text("a b c"), text("a b c")) == 0
    assert math.isnan(measure("ngram-entropy", text("a b"), text("c d")))
    assert math.isnan(measure("ngram-entropy"))


def test_entropy_of_n_different_words_is_near_their_logarithm() -> None:
    # 8 distinct words: ln 8, ln 7, ln 6.
    found = measure("ngram-entropy", text("a b c d e f g h"))
    assert found == pytest.approx((math.log(8) * math.log(7) * math.log(6)) ** (1 / 3))


@given(st.lists(st.sampled_from("abcd"), min_size=3, max_size=40))
def test_entropy_lies_between_0_and_the_logarithm_of_the_words(words: list[str]) -> None:
    found = measure("ngram-entropy", text(" ".join(words)))
    assert 0 <= found <= math.log(len(words)) + 1e-12


@pytest.mark.parametrize(
    ("explanation", "share"),
    [
        ("Because you watched Alien, The Matrix is for you.", 0.0),
        # Seven words of one title, and its year: naming it is no echo.
        ("The Lord of the Rings: The Two Towers (2002)!", 0.0),
        # "alien 1979 the lord of the rings the two towers 2002": eleven words that run over two titles, of thirteen.
        ("Alien (1979); The Lord of the Rings: The Two Towers (2002). Watch it", 11 / 13),
        # "be natural sound like a genuine" stands in the instruction, six of eight words.
        ("Be natural: Sound like a genuine film lover", 6 / 8),
        # Three words in a row are not enough.
        ("Sound like a film", 0.0),
        ("", math.nan),
    ],
)
def test_what_repeats_the_prompt_is_counted_word_by_word(explanation: str, share: float) -> None:
    instruction = "Task: Explain WHY.\n- Be natural: Sound like a genuine recommendation from a friend."
    [found] = metrics.load("echo-rate").score([text(explanation, instruction=instruction)])  # type: ignore[union-attr]
    assert found == pytest.approx(share, nan_ok=True)


def test_a_run_does_not_go_on_from_one_line_of_the_instruction_to_the_next() -> None:
    given = text("one two three four", instruction="one two\nthree four")
    assert list(metrics.load("echo-rate").score([given])) == [0.0]  # type: ignore[union-attr]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_echoed_words_are_never_more_than_there_are(written: list[str], source: list[str]) -> None:
    found = echoed(written, source, [-1] * len(source), shortest=2)
    assert 0 <= found <= len(written)
    assert echoed(written, written, [-1] * len(written), shortest=1) == len(written)


@pytest.mark.parametrize(
    ("explanation", "spans"),
    [
        ("Because you watched Alien and The Lord of the Rings, you will like The Matrix.", []),
        ('Like "Blade Runner", it is dark.', ["Blade Runner"]),
        ("Keanu Reeves stars in The Matrix.", ["Keanu Reeves"]),
        ("It is as stylish as The Grand Budapest Hotel.", ["The Grand Budapest Hotel"]),
        ("Loved Alien? Ridley Scott made the best Science Fiction.", []),
        ("It is like Schindler's List.", ["Schindler's List"]),
        ("A German American film of May.", []),
        ("The Matrix (1999) is for you.", []),
        ("Friends say “I will like it”.", []),
    ],
)
def test_names_that_nothing_shown_has_are_found_by_their_marks(explanation: str, spans: list[str]) -> None:
    assert external_spans(text(explanation)) == spans


def test_a_text_with_a_foreign_name_scores_1_and_an_empty_one_nothing() -> None:
    texts = [text("Like Blade Runner and Heat Wave."), text("A fine film."), text(" ")]
    found = metrics.load("external-span").score(texts)  # type: ignore[union-attr]
    assert list(found) == pytest.approx([1.0, 0.0, math.nan], nan_ok=True)


@given(st.text(max_size=80))
def test_no_text_breaks_the_search_for_names(explanation: str) -> None:
    for span in external_spans(text(explanation)):
        assert forms(span)
