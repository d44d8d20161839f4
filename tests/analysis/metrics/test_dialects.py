"""The family's dialect of ROUGE and BLEU, chrF, and counts of distinct texts, against numbers worked out by hand."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from analysis import metrics
from analysis.metrics.family import family_tokens
from tests.analysis.metrics.test_metrics import score, text


def test_the_family_cuts_clitics_and_marks_apart_and_keeps_case() -> None:
    assert family_tokens("It's good!! I didn't know: (really); yes...") == (
        ["It", "'s", "good", "!", "I", "did", "n't", "know", ",", "(", "really", ")", ".", "yes", "."]
    )


def test_a_word_said_twice_counts_once_in_the_family_and_twice_in_rouge_score() -> None:
    pair = text("the film the film", reference="the film")
    assert score("rouge-1-family", pair) == pytest.approx([100.0])
    assert score("rouge-1", pair) == pytest.approx([2 / 3])
    assert score("rouge-2-family", pair) == pytest.approx([100 * 2 * 0.5 / 1.5])


def test_the_familys_longest_subsequence_weighs_recall_by_precision_over_recall() -> None:
    # "a b" of "a b c d": precision 1, recall 1/2, beta 2, so F = 5 * .5 / (.5 + 4) = 5/9, where F1 is 2/3.
    pair = text("a b", reference="a b c d")
    assert score("rouge-l-family", pair) == pytest.approx([500 / 9])
    assert score("rouge-l", pair) == pytest.approx([2 / 3])


def test_dialects_never_share_a_name_and_an_empty_text_has_no_score() -> None:
    names = [name for name in metrics.METRICS if name.startswith(("rouge", "bleu", "chrf"))]
    assert len({metrics.load(name).signature.name for name in names}) == len(names)
    for name in ("rouge-1-family", "rouge-2-family", "rouge-l-family", "rouge-lsum", "chrf"):
        assert np.isnan(score(name, text("A film."), text("", reference="A film."))).all(), name


def test_bleu_of_the_family_is_bleu_over_its_own_tokens() -> None:
    texts = [text("it's a film about a shark.", reference="it's a good film about a shark.")]
    cut = [" ".join(family_tokens(side)) for side in (texts[0].explanation, texts[0].reference)]
    assert cut == ["it 's a film about a shark .", "it 's a good film about a shark ."]
    # All eight tokens are met, so only brevity counts: exp(1 - 9/8).
    assert metrics.load("bleu-1-family").measure(texts) == pytest.approx(100 * np.exp(-1 / 8))  # type: ignore[union-attr]
    fourth = BLEU(smooth_method="none", tokenize="none", force=True).corpus_score([cut[0]], [[cut[1]]]).score
    assert metrics.load("bleu-4-family").measure(texts) == pytest.approx(fourth)  # type: ignore[union-attr]
    assert np.isnan(metrics.load("bleu-1-family").measure([text("A film.")]))  # type: ignore[union-attr]


def test_chrf_is_that_of_the_package_text_by_text() -> None:
    pair = text("A film about a shark.", reference="The film of a shark.")
    assert score("chrf", pair) == [CHRF().sentence_score(pair.explanation, [pair.reference]).score]
    assert score("chrf", text("Same.", reference="Same.")) == pytest.approx([100.0])


def test_texts_that_differ_are_counted() -> None:
    texts = [text("A film."), text("A  FILM!"), text("A shark.")]
    assert metrics.load("unique-texts-count").measure(texts) == 2.0  # type: ignore[union-attr]
    assert np.isnan(metrics.load("unique-texts-count").measure([]))  # type: ignore[union-attr]


def test_a_text_that_stops_in_mid_sentence_has_an_open_end() -> None:
    texts = ["Because you liked", "You will like it.", 'He said "wow!")', "", "Like Alien, it is"]
    np.testing.assert_array_equal(score("open-end", *map(text, texts)), [1, 0, 0, np.nan, 1])
