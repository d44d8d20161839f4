"""Train a student on distilled pairs: seeded, resumable to the bit, stopped early by the validation loss."""

import math
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from generation.pipeline.artefacts import read_manifest
from generation.pipeline.records import Case, Item
from generation.pipeline.student import checkpoint
from generation.pipeline.student.batches import (
    Batch,
    noised,
    parts,
    rows_of,
    tensors,
)
from generation.pipeline.student.checkpoint import TrainedStudent
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import UNKNOWN_USER, build
from generation.pipeline.student.optimising import make_optimiser, multiplies_in_bf16, schedule
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.student.row_table import RowTable
from generation.pipeline.student.state import State, keep_state, read_state, write_aside
from generation.pipeline.student.team import Team
from generation.pipeline.student.training_data import TrainingData
from generation.pipeline.student.training_summary import Drawn, Progress, TrainingSummary

STREAM_WEIGHTS, STREAM_ORDER, STREAM_NOISE, STREAM_DROPOUT = range(4)
"""One seed, one stream a purpose; noise and dropout are numbered by step, so a resumed run draws the same."""

TRACE_POINTS = 200
"""Points of the training loss that a curve is drawn from, at most; each is the mean since the one before."""


def train(
    pairs_train: Sequence[DistilledPair],
    pairs_valid: Sequence[DistilledPair],
    config: StudentConfig,
    folder: Path,
    seed: int,
    *,
    catalogue: Iterable[Item] = (),
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    kept: Callable[[tuple[str, ...]], object] | None = None,
    drawn: Drawn | None = None,
    device: str = "cpu",
    export: bool = True,
    about: Mapping[str, Any] | None = None,
) -> TrainingSummary:
    """Train and save a student; called again with the same arguments after a death, it goes on where it was.

    Args:
        folder: where the artefact is written (`folder/student/<hash>`), and the resumable state until then.
        catalogue: items whose titles get a token each, beside those of the pairs; with `title_tokens` only.
        should_stop: asked after each step; True ends the training as if its time were over, the best
        weights kept.
        about: facts for the manifest and the model card that only the caller knows: data, teacher, offline.
        drawn: given the losses so far, whenever there is another.
        kept: told, each time the resumable state was written, which subfolders of `folder` hold it.
        export: whether the artefact holds the graphs of ONNX Runtime too.

    Raises:
        NothingToLearn: no training or no validation pair is left.
    """
    trainer = _Trainer(pairs_train, pairs_valid, config, folder, seed, catalogue=catalogue, device=device)
    with torch.random.fork_rng(devices=[]):
        stopped = trainer.run(
            progress or (lambda done, total, words: None),
            should_stop or (lambda: False),
            kept or (lambda folders: None),
            drawn or (lambda losses, trace: None),
        )
        return trainer.finish(stopped, about or {}, export=export)


class _Trainer:
    def __init__(
        self,
        pairs_train: Sequence[DistilledPair],
        pairs_valid: Sequence[DistilledPair],
        config: StudentConfig,
        folder: Path,
        seed: int,
        *,
        catalogue: Iterable[Item],
        device: str,
    ) -> None:
        self.config, self.seed, self.folder = config, seed, folder
        self.team = Team(torch.device(device))
        self.device = self.team.device
        self.in_bf16 = config.precision == "bf16" or (
            config.precision == "auto" and multiplies_in_bf16(self.device)
        )
        self.data = TrainingData(
            pairs_train, pairs_valid, config, seed, catalogue=catalogue, stream=STREAM_ORDER
        )
        self.total = self.data.steps_an_epoch * config.max_epochs
        if config.max_steps:
            self.total = min(self.total, config.max_steps)
        self.look_every = config.valid_every or self.data.steps_an_epoch
        self.trace_every = math.ceil(self.total / TRACE_POINTS)
        self.state_folder = folder / f"state-{self.data.identity()[:16]}"
        self.best_folder = folder / f"{self.state_folder.name}-best"
        self.state = State()

    def run(
        self,
        progress: Progress,
        should_stop: Callable[[], bool],
        kept: Callable[[tuple[str, ...]], object],
        drawn: Drawn,
    ) -> str:
        torch.manual_seed(_number(self.seed, STREAM_WEIGHTS))
        self.model = build(self.config, vocab_size=len(self.data.tokenizer), n_users=len(self.data.users)).to(
            self.device
        )
        self.optimiser = make_optimiser(self.model, self.config)
        self._resume()
        self.team.wait()  # nobody writes a state before everybody has read it
        started, before = time.process_time(), self.state.seconds
        first = self.state.step
        while True:
            stopped = self._reason_to_stop()
            if not stopped and should_stop():
                stopped = "asked"
            stopped, self.state.seconds = self.team.agree(stopped, self.state.seconds)
            if stopped:
                break
            loss = self._step()
            self.state.seconds = before + time.process_time() - started
            if traced := self.state.step % self.trace_every == 0:
                self._trace()
            if looked := self.state.step % self.look_every == 0 or self.state.step == self.total:
                self._look()
            if traced or looked:
                drawn(self.state.losses, self.state.trace)
            every = self.config.checkpoint_every or self.look_every
            if self.state.step % every == 0 and self.state.step < self.total:
                self._keep_state()
                if self.team.leads:
                    kept((self.state_folder.name, self.best_folder.name))
            rate = (self.state.step - first) * self.config.batch_size / max(self.state.seconds - before, 1e-9)
            progress(
                self.state.step,
                self._likely_total(),
                f"loss {loss:.3f}, {rate:.0f} pairs per processor second",
            )
        if not self.state.losses or self.state.losses[-1][0] != self.state.step:
            self._look()
        return stopped

    def _likely_total(self) -> int:
        """Steps in all; with a time limit, as many as it is likely to allow."""
        step, limit = self.state.step, self.config.max_seconds
        if limit and self.state.seconds > limit / 20:
            return max(step, min(self.total, round(step * limit / self.state.seconds)))
        return self.total

    def _reason_to_stop(self) -> str:
        config, state = self.config, self.state
        if state.step >= self.total:
            return "steps"
        if config.patience and state.looks_without_better >= config.patience:
            return "patience"
        if config.max_seconds and state.seconds >= config.max_seconds:
            return "max_seconds"
        return ""

    def _step(self) -> float:
        step = self.state.step
        self.model.train()
        factor = schedule(self._share_done(), self.config.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        chosen = self.data.chosen(step)
        pairs = [self.data.pairs[i] for i in chosen]
        cases = [pair.case for pair in pairs]
        rng = np.random.default_rng([self.seed, STREAM_NOISE, step])
        cases, user_rows = noised(cases, rows_of(cases, self.data.users), self.config, rng)
        value = self._backward(cases, [pair.text for pair in pairs], user_rows, self.data.n_tokens[chosen])
        moved: list[torch.Tensor] = list(self.model.parameters())
        if self.team.size > 1:
            self._add_up(moved)
        table = self.model.users if isinstance(self.model.users, RowTable) else None
        if table is not None:
            met, of_met = table.gradients()
            rows = torch.from_numpy(user_rows).unique()  # of all processes, in the same order for each
            rows = rows[rows != UNKNOWN_USER]
            gradients = torch.zeros(len(rows), of_met.shape[1])
            gradients.index_add_(0, torch.searchsorted(rows, met), of_met)
            self.team.sum([gradients])
            of_users = torch.empty_like(gradients, requires_grad=True)
            of_users.grad = gradients
            moved.append(of_users)  # clipped with the others, as a table under AdamW is
        if self.config.clip_norm:
            torch.nn.utils.clip_grad_norm_(moved, self.config.clip_norm)
        self.optimiser.step()
        if table is not None:
            table.step(rows, gradients, self.config.user_learning_rate * factor)
        self.optimiser.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.sum_loss += value
        self.state.n_loss += 1
        self.state.sum_trace += value
        self.state.n_trace += 1
        return value

    def _backward(
        self, cases: Sequence[Case], texts: Sequence[str], rows: np.ndarray, n_tokens: np.ndarray
    ) -> float:
        """Leave the gradient of the batch's mean loss in the weights, part by part, and give that loss."""
        shares, value = self._parts(len(cases)), 0.0
        for number in range(self.team.rank, len(shares), self.team.size):
            share = shares[number]
            part = tensors(
                cases[share], texts[share], rows[share], config=self.config, tokenizer=self.data.tokenizer
            )
            torch.manual_seed(
                _number(self.seed, STREAM_DROPOUT, self.state.step, *([number] if number else []))
            )
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.in_bf16):
                loss = self._loss(part.to(self.device))
            if len(shares) > 1:
                loss = loss * (int(n_tokens[share].sum()) / int(n_tokens.sum()))
            loss.backward()
            value += float(loss.detach())
        return self.team.total(value)[0]

    def _parts(self, n_rows: int) -> list[slice]:
        """What the processes learn one after the other: each takes every `size`th, and some may have none."""
        return parts(n_rows, self.config.accumulate * self.team.size)

    def _add_up(self, parameters: Sequence[torch.Tensor]) -> None:
        """Give each process the gradients of all."""
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self.team.sum([parameter.grad for parameter in parameters if parameter.grad is not None])

    def _share_done(self) -> float:
        """How far the schedule is; a training that is short of time comes to its end on time."""
        done = self.state.step / self.total
        if self.config.max_seconds:
            done = max(done, min(1.0, self.state.seconds / self.config.max_seconds))
        return done

    def _loss(self, batch: Batch) -> torch.Tensor:
        loss: torch.Tensor | None = self.model(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            user_rows=batch.user_rows,
            labels=batch.labels,
        ).loss
        if loss is None:
            raise RuntimeError("BART gave no loss although it was given labels")
        return loss

    def _look(self) -> None:
        """Measure the validation loss and keep the weights if they are the best so far."""
        state = self.state
        valid_loss = self._valid_loss()
        state.losses.append((state.step, state.sum_loss / max(state.n_loss, 1), valid_loss))
        state.sum_loss, state.n_loss = 0.0, 0
        if valid_loss < state.best_loss:
            state.best_loss, state.best_step, state.looks_without_better = valid_loss, state.step, 0
            if self.team.leads:
                write_aside(self.best_folder, lambda folder: checkpoint.save_weights(self.model, folder))
        else:
            state.looks_without_better += 1

    def _trace(self) -> None:
        state = self.state
        state.trace.append((state.step, state.sum_trace / state.n_trace))
        state.sum_trace, state.n_trace = 0.0, 0

    @torch.no_grad()
    def _valid_loss(self) -> float:
        """Mean over all explanation tokens: batches weigh by their tokens, so their size does not matter."""
        self.model.eval()
        total, n_tokens = 0.0, 0
        for start in range(0, len(self.data.valid), self.config.batch_size):
            stop = min(start + self.config.batch_size, len(self.data.valid))
            for share in self._parts(stop - start)[self.team.rank :: self.team.size]:
                first, last = start + share.start, min(start + share.stop, stop)
                pairs = self.data.valid[first:last]
                cases = [pair.case for pair in pairs]
                part = tensors(
                    cases,
                    [pair.text for pair in pairs],
                    rows_of(cases, self.data.users),
                    config=self.config,
                    tokenizer=self.data.tokenizer,
                )
                n = int(self.data.n_tokens_valid[first:last].sum())
                total += float(self._loss(part.to(self.device))) * n
                n_tokens += n
        total, n_all = self.team.total(total, n_tokens)
        return total / n_all

    def _keep_state(self) -> None:
        if self.team.leads:
            keep_state(self.state_folder, self.model, self.optimiser, self.state)

    def _resume(self) -> None:
        if (found := read_state(self.state_folder, self.model, self.optimiser, self.device)) is not None:
            self.state = found

    def finish(self, stopped: str, about: Mapping[str, Any], *, export: bool) -> TrainingSummary:
        state = self.state
        self.team.wait()  # the best weights may still be being written
        checkpoint.load_weights(self.model, self.best_folder)
        facts = {
            **about,
            "seed": self.seed,
            "n_steps": state.step,
            "best_step": state.best_step,
            "best_valid_loss": state.best_loss,
            "n_pairs": len(self.data.pairs),
            "n_valid": len(self.data.valid),
            "n_too_long": self.data.n_too_long,
            "losses": [list(look) for look in state.losses],
            "stopped": stopped,
            "precision": "bf16" if self.in_bf16 else "fp32",
            "n_processes": self.team.size,
        }
        student = TrainedStudent(
            model=self.model.eval(),
            tokenizer=self.data.tokenizer,
            users=self.data.users,
            config=self.config,
            sha256="",
            facts=facts,
        )
        saved = checkpoint.save(student, self.folder, export=export) if self.team.leads else None
        path, _ = self.team.agree(str(saved.path) if saved else "", 0.0)
        artefact = saved or read_manifest(Path(path))
        if stopped != "asked" and self.team.leads:  # a training that was asked to stop may be asked to go on
            shutil.rmtree(self.state_folder, ignore_errors=True)
            shutil.rmtree(self.best_folder, ignore_errors=True)
        return TrainingSummary(
            artefact=artefact,
            n_steps=state.step,
            n_pairs=len(self.data.pairs),
            n_valid=len(self.data.valid),
            n_too_long=self.data.n_too_long,
            n_users=len(self.data.users),
            best_step=state.best_step,
            best_valid_loss=state.best_loss,
            stopped=stopped,
            cpu_seconds=state.seconds,
            n_processes=self.team.size,
            losses=state.losses,
            trace=[*state.trace, (state.step, state.sum_trace / state.n_trace)]
            if state.n_trace
            else state.trace,
        )


def _number(*parts: int) -> int:
    return int(np.random.SeedSequence(list(parts)).generate_state(1, np.uint64)[0] >> 1)
