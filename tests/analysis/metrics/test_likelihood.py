"""GPTScore-LL against the chain rule, token by token, on small random models of both kinds."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from analysis.metrics.asking import wording
from analysis.metrics.interface import Text
from analysis.metrics.likelihood import GptScore, LanguageModel, fitting
from generation.pipeline.records import Item
from tests.generation.pipeline.tiny import save_bart, save_gpt2, save_t5

FILMS = tuple(Item(str(number), f"Film {number}", 1990 + number) for number in range(9))


def text(explanation: str, *, history: tuple[Item, ...] = FILMS[:3]) -> Text:
    return Text("c", "s", explanation, FILMS[8], history=history)


def one_at_a_time(model: LanguageModel, given: Text) -> float:
    """Equation 9: the logarithm of each token's probability, each from a run of its own."""
    context = fitting(model, wording("likelihood-v1"), given, 10_000)
    written = model.written(given.explanation)
    logs = []
    for place, token in enumerate(written):
        if model.seq2seq:
            start = model.model.config.decoder_start_token_id
            out = model.model(
                input_ids=torch.tensor([context]), decoder_input_ids=torch.tensor([[start, *written[:place]]])
            )
        else:
            out = model.model(input_ids=torch.tensor([context + written[:place]]))
        if token not in model.tokenizer.all_special_ids:
            logs.append(float(out.logits[0, -1].double().log_softmax(-1)[token].detach()))
    return math.fsum(logs) / len(logs)


@pytest.mark.parametrize("save", [save_gpt2, save_t5, save_bart])
def test_the_score_is_the_mean_logarithm_of_the_tokens_probabilities(
    save: Callable[[Path], Path], tmp_path: Path
) -> None:
    model = LanguageModel(str(save(tmp_path)))
    texts = [
        text("You will like it, since you watched Film 1."),
        text("film"),
        text("A film for you.", history=()),
    ]
    wanted = [one_at_a_time(model, one) for one in texts]
    for batch_tokens in (1, 4096):  # alone, and padded beside longer neighbours
        model.batch_tokens = batch_tokens
        assert GptScore(language_model=model).score(texts) == pytest.approx(wanted, abs=1e-5)
    assert max(wanted) < 0


def test_the_oldest_titles_go_first_where_the_context_does_not_fit(tmp_path: Path) -> None:
    model = LanguageModel(str(save_gpt2(tmp_path)))
    whole = fitting(model, wording("likelihood-v1"), text("x", history=FILMS), 10_000)
    cut = fitting(model, wording("likelihood-v1"), text("x", history=FILMS), len(whole) - 1)
    assert len(cut) < len(whole)
    words = model.tokenizer.decode(cut)
    assert "Film 8 (1998)" in words
    assert "Film 7" in words
    assert "Film 0" not in words
    assert fitting(model, wording("likelihood-v1"), text("x", history=FILMS), 3) == []


def test_an_empty_text_and_one_too_long_have_no_score(tmp_path: Path) -> None:
    model = LanguageModel(str(save_gpt2(tmp_path)))
    found = GptScore(language_model=model).score([text(" "), text("film " * 600), text("A film.")])
    assert [math.isnan(value) for value in found] == [True, True, False]
    assert GptScore(language_model=model).score([]).shape == (0,)


def test_the_signature_names_the_weights_and_the_prompt(tmp_path: Path) -> None:
    signature = str(GptScore(language_model=LanguageModel(str(save_gpt2(tmp_path)))).signature)
    assert f"prompt:likelihood-v1:{wording('likelihood-v1').sha256[:8]}" in signature
    assert "weights:" in signature
    assert "log:natural" in signature
