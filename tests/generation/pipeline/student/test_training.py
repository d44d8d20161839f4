import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from generation.pipeline.logs.builtin.tastes import ASPECTS, aspect_of
from generation.pipeline.records import Decoding
from generation.pipeline.stores import Store, open_store
from generation.pipeline.student import checkpoint
from generation.pipeline.student.batches import render
from generation.pipeline.student.checkpoint import TrainedStudent
from generation.pipeline.student.decoding import explain
from generation.pipeline.student.faithfulness import user_effect
from generation.pipeline.student.model import Student
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.student.training import train
from generation.pipeline.student.training_data import NothingToLearn
from generation.pipeline.student.training_summary import TrainingSummary
from tests.generation.pipeline import tiny
from tests.generation.pipeline.films import case
from tests.generation.pipeline.student.small import config, pairs

TRAIN, VALID = pairs(96), pairs(16, seed=9)
LONGER = {
    "max_epochs": 16,
    "batch_size": 8,
    "learning_rate": 1e-2,
    "user_learning_rate": 5e-2,
    "user_dropout": 0.1,
    "patience": 0,
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingSummary, TrainedStudent]:
    """Long enough that the user's aspect is learned."""
    folder = tmp_path_factory.mktemp("trained")
    summary = train(pairs(160), VALID, config(**LONGER), folder, 0)
    return summary, checkpoint.load(summary.artefact.path, verify=True)


def weights(summary: TrainingSummary) -> dict[str, torch.Tensor]:
    return load_file(str(summary.artefact.path / "backbone.safetensors"))


def test_the_loss_falls_and_the_best_weights_are_kept(
    trained: tuple[TrainingSummary, TrainedStudent],
) -> None:
    summary, student = trained
    losses = [valid for _, _, valid in summary.losses]
    assert losses[-1] < losses[0] / 2
    assert summary.best_valid_loss == min(losses)
    assert student.facts["best_valid_loss"] == summary.best_valid_loss
    assert summary.stopped == "steps"
    assert json.dumps(summary.metrics())


def test_the_trace_is_the_same_training_loss_in_finer_steps(
    trained: tuple[TrainingSummary, TrainedStudent],
) -> None:
    summary, _ = trained
    steps = [step for step, _ in summary.trace]
    assert steps == sorted(set(steps))
    assert steps[-1] == summary.n_steps
    assert len(summary.losses) < len(steps) <= 201
    first = summary.losses[0][0]  # 20 steps an epoch, traced every second step: the parts make up the whole
    assert np.isclose(np.mean([loss for step, loss in summary.trace if step <= first]), summary.losses[0][1])


def test_the_losses_are_told_while_it_trains(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    train(
        TRAIN, VALID, config(max_steps=6, valid_every=3), tmp_path, 0,
        drawn=lambda losses, trace: told.append((len(losses), len(trace))),
    )  # fmt: skip
    assert told == [(0, 1), (0, 2), (1, 3), (1, 4), (1, 5), (2, 6)]


def test_permuting_users_changes_what_a_trained_student_says(
    trained: tuple[TrainingSummary, TrainedStudent],
) -> None:
    _, student = trained
    prompts = [render(pair.case, student.config, student.tokenizer).text for pair in VALID]
    rows = [student.row(pair.case.user) for pair in VALID]
    assert sorted(set(rows)) == [1, 2, 3, 4]

    def texts(given: list[int]) -> list[str]:
        return explain(student.model, student.tokenizer, prompts, given, Decoding(max_new_tokens=40))

    aspects = [aspect_of(pair.case.user) for pair in VALID]
    effect = user_effect(texts, rows, aspects, all_aspects=ASPECTS, rng=np.random.default_rng(0))
    assert effect.true > 0.9
    assert effect.zero < effect.true
    assert effect.permuted < 0.1
    assert texts(rows) == texts(rows) != texts([0] * len(rows))


def test_users_have_rows_only_if_they_trained(trained: tuple[TrainingSummary, TrainedStudent]) -> None:
    _, student = trained
    assert student.users == {"u1": 1, "u2": 2, "u3": 3, "u4": 4}
    assert student.row("stranger") == 0
    assert student.model.users is not None
    assert student.model.users.num_embeddings == 5
    assert student.model.users(torch.tensor([0])).abs().sum() == 0


def test_the_same_seed_gives_the_same_student_and_another_seed_another(tmp_path: Path) -> None:
    noisy = config(max_steps=4, dropout=0.1, user_dropout=0.2, shuffle_history=True)
    one, two, other = (
        train(TRAIN, VALID, noisy, tmp_path / name, seed)
        for name, seed in (("one", 1), ("two", 1), ("other", 2))
    )
    assert one.artefact.sha256 == two.artefact.sha256
    assert one.artefact.sha256 != other.artefact.sha256


def test_stopped_and_resumed_is_the_student_of_an_unbroken_training(tmp_path: Path) -> None:
    noisy = config(
        max_steps=9, valid_every=4, checkpoint_every=2, dropout=0.1, user_dropout=0.2, shuffle_history=True
    )
    whole = train(TRAIN, VALID, noisy, tmp_path / "whole", 1)

    class Killed(Exception):
        pass

    def kill(done: int, total: int, words: str) -> None:
        if done == 5:  # the last state was written at step 4
            raise Killed

    with pytest.raises(Killed):
        train(TRAIN, VALID, noisy, tmp_path / "broken", 1, progress=kill)
    steps: list[int] = []
    resumed = train(
        TRAIN, VALID, noisy, tmp_path / "broken", 1, progress=lambda done, total, words: steps.append(done)
    )
    assert steps == [5, 6, 7, 8, 9]
    assert resumed.losses == whole.losses
    assert resumed.trace == whole.trace
    assert resumed.artefact.sha256 == whole.artefact.sha256
    assert [path.name for path in (tmp_path / "broken").iterdir()] == ["student"]


def test_a_training_that_died_on_one_machine_goes_on_from_the_store_on_another(tmp_path: Path) -> None:
    noisy = config(max_steps=9, valid_every=4, checkpoint_every=2, dropout=0.1, user_dropout=0.2)
    whole = train(TRAIN, VALID, noisy, tmp_path / "whole", 1)
    first, second = (open_store(tmp_path / name, url=f"memory://{tmp_path.name}") for name in ("a", "b"))

    class Killed(Exception):
        pass

    def kill(done: int, total: int, words: str) -> None:
        if done == 7:
            raise Killed

    def keep(store: Store) -> Callable[[tuple[str, ...]], None]:
        return lambda folders: store.keep_state("training/run-1", folders=folders)

    place = first.restore_state("training/run-1")
    with pytest.raises(Killed):
        train(TRAIN, VALID, noisy, place, 1, progress=kill, kept=keep(first))
    steps: list[int] = []
    place = second.restore_state("training/run-1")
    resumed = train(
        TRAIN,
        VALID,
        noisy,
        place,
        1,
        progress=lambda done, total, words: steps.append(done),
        kept=keep(second),
    )
    assert steps == [7, 8, 9]
    assert resumed.losses == whole.losses
    assert resumed.artefact.sha256 == whole.artefact.sha256


def test_a_state_of_other_pairs_is_not_resumed(tmp_path: Path) -> None:
    shape = config(max_steps=4, checkpoint_every=1)
    stopping = iter([False, False, True])
    train(TRAIN, VALID, shape, tmp_path, 0, should_stop=lambda: next(stopping))
    steps: list[int] = []
    train(TRAIN[1:], VALID, shape, tmp_path, 0, progress=lambda done, total, words: steps.append(done))
    assert steps == [1, 2, 3, 4]


def test_asked_to_stop_it_keeps_what_it_has_and_can_go_on(tmp_path: Path) -> None:
    shape = config(max_steps=6, checkpoint_every=1)
    stopping = iter([False, False, True])
    half = train(TRAIN, VALID, shape, tmp_path, 0, should_stop=lambda: next(stopping))
    assert (half.stopped, half.n_steps) == ("asked", 2)
    assert checkpoint.load(half.artefact.path).model is not None
    assert train(TRAIN, VALID, shape, tmp_path, 0).n_steps == 6


def test_it_stops_when_the_validation_loss_no_longer_falls(tmp_path: Path) -> None:
    wild = config(learning_rate=1.0, clip_norm=0.0, warmup=0.0, max_epochs=50, valid_every=2, patience=2)
    summary = train(TRAIN, VALID, wild, tmp_path, 0)
    assert summary.stopped == "patience"
    assert summary.n_steps == summary.best_step + 4


def test_it_stops_when_its_seconds_are_over(tmp_path: Path) -> None:
    summary = train(TRAIN, VALID, config(max_epochs=10_000, max_seconds=0.5), tmp_path, 0)
    assert summary.stopped == "max_seconds"
    assert 0.5 <= summary.cpu_seconds < 5


def test_the_ablation_has_no_user_table_at_all(tmp_path: Path) -> None:
    summary = train(TRAIN, VALID, config(with_user=False, max_steps=2), tmp_path, 0)
    assert not list(summary.artefact.path.glob("users-*"))
    student = checkpoint.load(summary.artefact.path)
    assert student.model.users is None
    assert summary.n_users == 0


def test_explanations_too_long_are_left_out_and_counted(tmp_path: Path) -> None:
    long = DistilledPair(case("Alien (1979)"), "word " * 200)
    summary = train([*TRAIN, long], VALID, config(max_steps=1), tmp_path, 0)
    assert (summary.n_too_long, summary.n_pairs) == (1, 96)
    with pytest.raises(NothingToLearn, match="0 training and"):
        train([long] * 96, VALID, config(max_steps=1), tmp_path, 0)


def test_a_pretrained_bart_is_trained_on_from_its_path(tmp_path: Path) -> None:
    path = tiny.save_bart(tmp_path / "bart")
    shape = config(
        pretrained=str(path), title_tokens=False, copy_init=False, max_steps=3, max_prompt_tokens=200
    )
    student = checkpoint.load(train(TRAIN, VALID, shape, tmp_path, 0).artefact.path)
    texts = explain(student.model, student.tokenizer, ["Explain: Heat"], [1], Decoding(max_new_tokens=8))
    assert len(texts) == 1


def test_the_card_of_a_student_says_where_it_comes_from(tmp_path: Path) -> None:
    about = {"data": "Films", "teacher": "scripted/1", "offline": True}
    summary = train(TRAIN, VALID, config(max_steps=2, user_dropout=0.1), tmp_path, 0, about=about)
    card = (summary.artefact.path / "README.md").read_text(encoding="utf-8")
    for words in (
        "| Teacher | scripted/1 |",
        "| Data | Films |",
        "rule-based offline teacher",
        "4 users have a vector of their own, 10%",
        f"| 2 | {summary.losses[-1][1]:.4f} | {summary.losses[-1][2]:.4f} |",
    ):
        assert words in card
    plain = train(TRAIN, VALID, config(max_steps=1, with_user=False), tmp_path / "plain", 0)
    card = (plain.artefact.path / "README.md").read_text(encoding="utf-8")
    assert "offline teacher" not in card
    assert "never knew its users" in card


def test_a_batch_in_parts_is_the_step_of_the_whole_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = config(max_steps=6, valid_every=2, batch_size=15, user_dropout=0.2, shuffle_history=True)
    whole = train(TRAIN, VALID, shape, tmp_path / "whole", 1)
    sizes: list[int] = []
    forward = Student.forward
    monkeypatch.setattr(
        Student,
        "forward",
        lambda self, **given: sizes.append(len(given["input_ids"])) or forward(self, **given),
    )
    parts = train(TRAIN, VALID, replace(shape, accumulate=4), tmp_path / "parts", 1)
    assert max(sizes) == 4
    assert np.allclose(whole.losses, parts.losses, rtol=1e-4)
    own, other = weights(whole), weights(parts)
    assert all(torch.allclose(own[name], other[name], atol=2e-3) for name in own)
