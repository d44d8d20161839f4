from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation.pipeline import prompts
from generation.pipeline.records import Decoding
from generation.pipeline.sampling import UnsupportedDecoding
from generation.pipeline.teacher import load
from generation.pipeline.teacher.distilling import distil, render
from generation.pipeline.teacher.local import TransformersTeacher
from tests.generation.pipeline import tiny
from tests.generation.pipeline.films import cases

SHORT = Decoding(max_new_tokens=12)
SAMPLED = Decoding(max_new_tokens=12, do_sample=True, temperature=0.8, top_p=0.9)


@pytest.fixture(
    scope="module", params=[tiny.save_t5, tiny.save_gpt2, tiny.save_llama], ids=lambda f: f.__name__
)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    save: Callable[[Path], Path] = request.param
    return save(tmp_path_factory.mktemp(save.__name__))


@pytest.mark.parametrize("decoding", [SHORT, SAMPLED], ids=["greedy", "sampled"])
def test_batches_and_order_change_no_text(path: Path, decoding: Decoding) -> None:
    teacher = load("transformers", path=str(path), batch_size=4)
    some = [*cases(5, length=2), *cases(4, length=7)]
    shown = [render(one, teacher) for one in some]
    together = teacher.write(some, shown, decoding=decoding, seed=3)
    alone = [teacher.write([c], [p], decoding=decoding, seed=3)[0] for c, p in zip(some, shown, strict=True)]
    assert together == alone
    assert len({draft.text for draft in together}) > 1


@pytest.mark.parametrize("batch_tokens", [1, 150, 100_000])
def test_batches_by_tokens_keep_to_their_size_and_change_no_text(
    path: Path, batch_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    whole = TransformersTeacher._batch

    def seen(self: TransformersTeacher, rows: list[list[int]], *rest: Any) -> list[Any]:
        sizes.append((len(rows), max(map(len, rows))))
        return whole(self, rows, *rest)

    some = [*cases(5, length=2), *cases(4, length=7)]
    plain = load("transformers", path=str(path), batch_size=4)
    shown = [render(one, plain) for one in some]
    expected = plain.write(some, shown, decoding=SHORT, seed=3)
    monkeypatch.setattr(TransformersTeacher, "_batch", seen)
    teacher = load("transformers", path=str(path), batch_tokens=batch_tokens)
    assert teacher.write(some, shown, decoding=SHORT, seed=3) == expected
    assert sum(n for n, _ in sizes) == len(some)
    assert all(n == 1 or n * longest <= batch_tokens for n, longest in sizes)
    assert [longest for _, longest in sizes] == sorted((longest for _, longest in sizes), reverse=True)


def test_a_model_spread_by_a_device_map_writes_the_same(path: Path) -> None:
    some = cases(3)
    plain = load("transformers", path=str(path))
    spread = load("transformers", path=str(path), device_map="auto")
    shown = [render(one, plain) for one in some]
    together = [one.write(some, shown, decoding=SHORT, seed=0) for one in (plain, spread)]
    assert together[0] == together[1]
    assert spread.signature == plain.signature


def test_loading_draws_no_bars_into_the_log(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from transformers.utils import logging

    load("transformers", path=str(path))
    said = capfd.readouterr()
    assert "Loading weights" not in said.out + said.err
    assert logging.is_progress_bar_enabled()


def test_another_seed_draws_other_texts(path: Path) -> None:
    teacher = load("transformers", path=str(path))
    some = cases(4)
    shown = [render(one, teacher) for one in some]
    first, second = (teacher.write(some, shown, decoding=SAMPLED, seed=seed) for seed in (1, 2))
    assert first != second
    assert first == teacher.write(some, shown, decoding=SAMPLED, seed=1)


def test_a_text_at_the_limit_is_marked_unfinished_and_rejected(path: Path, tmp_path: Path) -> None:
    teacher = load("transformers", path=str(path))
    some = cases(6)
    summary = distil(
        teacher, some, decoding=Decoding(max_new_tokens=6, min_new_tokens=6), seed=0, store=tmp_path
    )
    assert summary.n_ok == 0
    assert summary.n_rejected == 6


def test_the_signature_changes_with_the_weights_type(path: Path) -> None:
    plain, half = (load("transformers", path=str(path), dtype=dtype) for dtype in ("fp32", "bf16"))
    assert "dtype:bf16" in str(half.signature)
    assert str(plain.signature) != str(half.signature)
    assert len(half.write(cases(1), [render(cases(1)[0], half)], decoding=SHORT, seed=0)) == 1


def test_the_oldest_titles_are_dropped_until_the_prompt_fits(path: Path) -> None:
    whole = cases(1, length=12)[0]
    needed = TransformersTeacher(str(path)).count_tokens(prompts.render(whole).text)
    teacher = load("transformers", path=str(path), budget=needed - 10)
    shown = render(whole, teacher)
    assert 0 < shown.n_dropped < 12
    assert teacher.count_tokens(shown.text) <= needed - 10
    assert whole.history[-1].label in shown.text


def test_only_a_chat_model_reads_the_prompt_as_a_turn(path: Path) -> None:
    teacher = TransformersTeacher(str(path))
    ids = teacher._encode("Hello")
    assert (teacher.tokenizer.decode(ids) == "<|user|>Hello</s><|assistant|>") == ("llama" in path.name)
    assert teacher.signature.parameters["chat"] is ("llama" in path.name)


def test_fp16_and_what_cannot_be_promised_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="T5 overflows in fp16"):
        load("transformers", path=str(path), dtype="fp16")
    teacher = load("transformers", path=str(path))
    one = cases(1)
    with pytest.raises(UnsupportedDecoding, match="no_repeat_titles"):
        teacher.write(one, [render(one[0], teacher)], decoding=Decoding(no_repeat_titles=True), seed=0)


def test_a_prompt_beyond_the_positions_is_refused_before_any_work(tmp_path: Path) -> None:
    teacher = load("transformers", path=str(tiny.save_gpt2(tmp_path)))
    whole = cases(1, length=15)[0]
    with pytest.raises(ValueError, match="does not fit into 12 positions"):
        teacher.write([whole], [prompts.render(whole)], decoding=Decoding(max_new_tokens=500), seed=0)
