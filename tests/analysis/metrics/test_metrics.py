"""Each metric against numbers of its own source or worked out by hand; undefined where it has no answer."""

import math

import numpy as np
import pytest

from analysis import metrics
from analysis.metrics.about import ABOUT
from analysis.metrics.asking import Answer, Judge
from analysis.metrics.bertscore import Matcher
from analysis.metrics.encoder import Encoder
from analysis.metrics.interface import Text
from analysis.metrics.length import longest_common_run
from analysis.metrics.likelihood import LanguageModel
from analysis.metrics.statements import by_judge
from generation.pipeline.records import Item
from tests.analysis.metrics.networks import save_bert
from tests.generation.pipeline.tiny import save_gpt2

MATRIX, ALIEN, JAWS = Item("1", "The Matrix", 1999), Item("2", "Alien", 1979), Item("3", "Jaws Forever", 1975)
CATALOGUE = [MATRIX, ALIEN, JAWS]


def text(explanation: str, *, reference: str = "", case: str = "c", item: Item = MATRIX) -> Text:
    return Text(
        case=case, system="s", explanation=explanation, item=item, history=(ALIEN,), reference=reference
    )


def score(name: str, *explanations: Text, **options: object) -> list[float]:
    return list(metrics.load(name, **options).score(explanations))  # type: ignore[union-attr]


def test_rouge_agrees_with_the_counts_of_its_definition() -> None:
    # police killed the gunman / police kill the gunman: Lin (2004), section 3, the example of ROUGE-L.
    # Without stemming three of four words and the subsequence "police the gunman" are shared: 3/4 each way.
    pair = text("police kill the gunman", reference="police killed the gunman")
    assert score("rouge-1", pair, stemmer=False) == pytest.approx([0.75])
    assert score("rouge-2", pair, stemmer=False) == pytest.approx([1 / 3])
    assert score("rouge-l", pair, stemmer=False) == pytest.approx([0.75])
    # Lin's second candidate has the same words in another order: the longest subsequence is "the gunman".
    swapped = text("the gunman kill police", reference="police killed the gunman")
    assert score("rouge-l", swapped, stemmer=False) == pytest.approx([0.5])


def test_rouge_of_the_papers_own_example_is_what_the_package_says_and_not_what_the_paper_prints() -> None:
    # Zhang, The Oracle and The Prism, Table 4: printed 0.75 and 0.15; rouge-score gives 0.556 and 0.063.
    golden = 'Back to the Future is based on "The Wizard of Oz" and influenced by "The Phantom Menace".'
    teacher = (
        'Back to the Future is a sci-fi movie influenced by "The Phantom Menace" and "The Wizard of Oz".'
    )
    faithful = "It's a classic 80s sci-fi adventure, similar to other films in your history."
    pair = [text(teacher, reference=golden), text(faithful, reference=golden)]
    assert score("rouge-l", *pair) == pytest.approx([0.5556, 0.0625], abs=1e-3)
    assert score("rouge-1", pair[0]) == pytest.approx([0.8333], abs=1e-3)
    assert score("rouge-2", pair[0]) == pytest.approx([0.6471], abs=1e-3)


def test_the_stemmer_is_on_and_said_to_be_on() -> None:
    pair = text("police kill the gunman", reference="police killed the gunman")
    assert score("rouge-1", pair) == pytest.approx([1.0])
    signature = str(metrics.load("rouge-1", references="scripted-teacher").signature)
    assert "stemmer:true" in signature
    assert "references:scripted-teacher" in signature


def test_overlap_without_a_reference_is_undefined_not_zero() -> None:
    assert np.isnan(score("rouge-l", text("A film."), text("", reference="A film."))).all()


@pytest.mark.parametrize(
    ("explanation", "precision", "foreign", "history", "item"),
    [
        ("The Matrix is for those who loved Alien.", 1.0, 0.0, 1.0, 1.0),
        ("Close to Jaws Forever and Alien.", 0.5, 1.0, 1.0, 0.0),
        ("Close to Jaws Forever, yes, Jaws Forever.", 0.0, 1.0, 0.0, 0.0),
        ("A fine film.", math.nan, 0.0, 0.0, 0.0),
        ("  ", math.nan, math.nan, math.nan, math.nan),
    ],
)
def test_titles_are_judged_against_what_was_shown(
    explanation: str, precision: float, foreign: float, history: float, item: float
) -> None:
    names = ["mention-precision", "hallucination", "history-grounding", "item-mention"]
    got = [score(name, text(explanation), catalogue=CATALOGUE)[0] for name in names]
    assert got == pytest.approx([precision, foreign, history, item], nan_ok=True)


def test_the_other_film_of_the_same_name_is_foreign_when_the_year_says_so() -> None:
    old, new = Item("8", "Sabrina", 1954), Item("9", "Sabrina", 1995)
    texts = [text("It is Sabrina (1995) again.", item=old), text("It is Sabrina again.", item=old)]
    assert score("hallucination", *texts, catalogue=[old, new]) == [1.0, 0.0]


def test_a_recommended_film_called_by_an_ordinary_word_is_named_at_the_start_of_a_sentence() -> None:
    big = Item("8", "Big", 1988)
    texts = [text("Big is a popular film.", item=big), text("Big is a popular film.")]
    assert score("item-mention", *texts, catalogue=[*CATALOGUE, big]) == [1.0, 0.0]
    assert score("hallucination", *texts, catalogue=[*CATALOGUE, big]) == [0.0, 0.0]


def test_a_film_called_by_two_names_counts_once_in_the_precision() -> None:
    postman = Item("7", "The Postman (Il Postino)", 1994)
    one = text("The Postman (Il Postino) (1994) is the film for you after Jaws Forever.", item=postman)
    assert score("mention-precision", one, catalogue=[postman, JAWS]) == [0.5]


def test_distinct_counts_within_texts_and_over_all_of_them() -> None:
    texts = [text("a b a", case="1"), text("a b", case="2")]
    assert metrics.load("distinct-1").measure(texts) == pytest.approx(2 / 5)  # type: ignore[union-attr]
    assert metrics.load("distinct-2").measure(texts) == pytest.approx(2 / 3)  # type: ignore[union-attr]


def test_distinct_at_a_budget_takes_texts_in_the_order_of_their_cases() -> None:
    texts = [text("c c c c", case="2"), text("a b", case="1")]
    measure = metrics.load("distinct-1-budget", budget=3).measure  # type: ignore[union-attr]
    assert measure(texts) == measure(texts[::-1]) == pytest.approx(1.0)
    assert math.isnan(metrics.load("distinct-1-budget", budget=7).measure(texts))  # type: ignore[union-attr]


def test_a_system_without_texts_has_no_diversity_at_all() -> None:
    for name in ("distinct-1", "unique-texts", "bleu-4"):
        assert math.isnan(metrics.load(name).measure([]))  # type: ignore[union-attr]


def test_the_same_sentence_for_everybody_is_one_text() -> None:
    texts = [text("You will like it."), text("you will like it"), text("Another.")]
    assert metrics.load("unique-texts").measure(texts) == pytest.approx(2 / 3)  # type: ignore[union-attr]


def test_bleu_of_the_reference_itself_is_one_hundred() -> None:
    same = "because you watched many films by the same director"
    assert metrics.load("bleu-4").measure([text(same, reference=same)]) == pytest.approx(100)  # type: ignore[union-attr]


def test_copying_is_the_longest_run_taken_from_the_evidence() -> None:
    # "the matrix 1999" is three of the six words.
    assert score("copy-rate", text("Watch The Matrix (1999) with friends"), text("")) == pytest.approx(
        [0.5, math.nan], nan_ok=True
    )


def test_the_longest_common_run_is_contiguous() -> None:
    assert longest_common_run(["x", "a", "b", "c", "y"], ["a", "b", "z", "a", "b", "c"]) == 3
    assert longest_common_run(["a", "a", "a"], ["a", "a"]) == 2
    assert longest_common_run([], ["a"]) == 0


def test_words_are_counted_and_an_empty_text_has_none() -> None:
    assert score("words", text("Don't miss sci-fi & fun!"), text("")) == [7.0, 0.0]


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What metrics may need, small."""
    folder = tmp_path_factory.mktemp("models")
    encoder = Encoder(str(save_bert(folder / "bert")))
    encoder.description |= {"model": "roberta-large", "layer": 17}  # as if a baseline of it were known
    judge = Judge(lambda prompts: [Answer("4")] * len(prompts), "tiny")
    return {
        "catalogue": CATALOGUE,
        "encoder": Matcher(encoder),
        "language_model": LanguageModel(str(save_gpt2(folder / "gpt2"))),
        "judge": judge,
        "verifier": by_judge(judge),
    }


@pytest.mark.parametrize("name", list(metrics.METRICS))
def test_every_metric_of_the_list_keeps_its_promise(name: str, needed: dict[str, object]) -> None:
    entry = metrics.METRICS[name]
    options = {need: needed[need] for need in entry.needs}
    if entry.references:
        options["references"] = "teacher"
    metric = metrics.load(name, **options)
    texts = [text("A long film about a shark, and a boat.", reference="A film about a shark.", case="1")]
    assert str(metric.signature).startswith(metric.signature.name)
    assert metric.signature.references == ("teacher" if entry.references else "")
    if entry.level == "case":
        scores = metric.score(texts)  # type: ignore[union-attr]
        assert scores.shape == (1,)
        assert scores.dtype == np.float64
    else:
        assert isinstance(metric.measure(texts), float)  # type: ignore[union-attr]


def test_every_metric_of_the_list_says_what_it_is() -> None:
    assert set(ABOUT) == set(metrics.METRICS)
    assert all(about.definition and about.range and about.source for about in ABOUT.values())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(metrics.UnknownName, match=r"rouge-1, rouge-2.*Did you mean 'rouge-l'"):
        metrics.load("rouge-L ")
