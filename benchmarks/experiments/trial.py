"""One trial: train one student in one world and measure it beside its teacher. Every experiment is made of these.

python -m benchmarks.experiments.trial --seed 21 --set rate=0.3 --set start='"ordinary"'
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.experiments import worlds
from benchmarks.experiments.setting import Setting
from generation.pipeline import prompts
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.logs.builtin.tastes import ASPECTS, aspect_of
from generation.pipeline.records import Case, Decoding
from generation.pipeline.student import checkpoint
from generation.pipeline.student.batches import IGNORED, collate, render
from generation.pipeline.student.checkpoint import TrainedStudent
from generation.pipeline.student.decoding import explain
from generation.pipeline.student.faithfulness import Lexicon, shares
from generation.pipeline.student.model import UNKNOWN_USER
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.student.training import train
from generation.pipeline.teacher.scripted import ScriptedTeacher

N_REMEMBERED = 300
"""Training cases the student is asked about again, to see whether it repeats the lies it was taught."""
STREAM_PERMUTE, STREAM_REMEMBER = 21, 22

Result = dict[str, Any]


class Interrupted(Exception):
    """The time was over before the student was trained: there is nothing to report."""


def run(setting: Setting, *, device: str = "cpu", should_stop: Callable[[], bool] | None = None) -> Result:
    """Train and measure; the figures follow from the setting (and, to the last digit, from the machine).

    Raises:
        Interrupted: `should_stop` became true.
    """
    started, started_cpu = time.perf_counter(), time.process_time()
    world = worlds.make(setting.histories, setting.n_users, setting.seed)
    teacher = ScriptedTeacher(
        catalogue(), hallucination_rate=setting.rate, aspects="planted", seed=setting.seed
    )
    pairs = {name: taught(teacher, getattr(world, name)) for name in ("train", "valid", "test")}
    config = setting.student()
    with tempfile.TemporaryDirectory() as folder:
        summary = train(
            pairs["train"],
            pairs["valid"],
            config,
            Path(folder),
            setting.seed,
            catalogue=catalogue(),
            device=device,
            should_stop=should_stop,
        )
        if summary.stopped == "asked":
            raise Interrupted(setting.id)
        student = checkpoint.load(summary.artefact.path, device=device)
        trained, trained_cpu = time.perf_counter() - started, time.process_time() - started_cpu
        bench = Bench(student, world, pairs["test"])
        return {
            "id": setting.id,
            "setting": asdict(setting),
            "teacher": bench.teacher(),
            "student": bench.students(),
            "loss": bench.losses(),
            "remembered": remembered(
                student, teacher, world.train, n=min(N_REMEMBERED, setting.n_users), seed=setting.seed
            ),
            "n": {name: len(some) for name, some in pairs.items()},
            "training": summary.metrics(),
            "parameters": n_parameters(student),
            "seconds": {
                "training": round(trained, 1),
                "training_cpu": round(trained_cpu, 1),
                "all": round(time.perf_counter() - started, 1),
            },
            "machine": machine(device),
        }


def n_parameters(student: TrainedStudent) -> int:
    """Of the network and its user table, which a finished student maps and no longer counts as its own."""
    n_rows = student.model.users.num_embeddings if student.model.users is not None else 0
    n_network: int = student.model.bart.num_parameters()
    return n_network + n_rows * int(student.model.bart.config.d_model)


def taught(teacher: ScriptedTeacher, cases: Sequence[Case]) -> list[DistilledPair]:
    drafts = teacher.write(cases, [prompts.render(case) for case in cases])
    return [DistilledPair(case, draft.text) for case, draft in zip(cases, drafts, strict=True)]


class Bench:
    """A student under test: the same cases under every decoding and every user's row."""

    def __init__(self, student: TrainedStudent, world: worlds.World, pairs: Sequence[DistilledPair]) -> None:
        self.student, self.world, self.pairs = student, world, pairs
        self.lexicon = Lexicon(catalogue())
        self.prompts = [render(case, student.config, student.tokenizer).text for case in world.test]
        self.own = [student.row(case.user) for case in world.test]

    def teacher(self) -> Result:
        return self._by_group([pair.text for pair in self.pairs])

    def students(self) -> Result:
        """`greedy` and `once` (no film twice) with the user's own row; then `once` without, and with another's."""
        texts = {"greedy": self._write(self.own, once=False), "once": self._write(self.own, once=True)}
        if self.student.config.with_user:
            for name, rows in self._others().items():
                texts[name] = self._write(rows, once=True)
        found = {name: self._by_group(some) for name, some in texts.items()}
        for name, some in texts.items():
            changed = [one != other for one, other in zip(some, texts["once"], strict=True)]
            for group, indices in self.world.groups.items():
                found[name][group]["changed"] = _mean([changed[i] for i in indices])
        return found

    def losses(self) -> Result:
        """Mean cross-entropy of the teacher's texts of the test cases, in nats a token, under each user's row."""
        rows = {"own": self.own, **(self._others() if self.student.config.with_user else {})}
        return {name: self._loss(some) for name, some in rows.items()}

    def _others(self) -> dict[str, list[int]]:
        """No user at all; and somebody whose aspect is another, so that chance agreement is out."""
        rng = np.random.default_rng([len(self.own), STREAM_PERMUTE])
        aspects = [aspect_of(case.user) for case in self.world.test]
        known = [(row, aspect) for row, aspect in zip(self.own, aspects, strict=True) if row != UNKNOWN_USER]
        permuted = []
        for aspect in aspects:
            foreign = [row for row, other in known if other != aspect]
            permuted.append(foreign[int(rng.integers(len(foreign)))] if foreign else UNKNOWN_USER)
        return {"zeroed": [UNKNOWN_USER] * len(self.own), "permuted": permuted}

    def _write(self, rows: Sequence[int], *, once: bool) -> list[str]:
        decoding = Decoding(max_new_tokens=self.student.config.max_target_tokens, no_repeat_titles=once)
        return explain(
            self.student.model,
            self.student.tokenizer,
            self.prompts,
            rows,
            decoding,
            batch_size=_batch_size(self.student),
        )

    def _by_group(self, texts: Sequence[str]) -> Result:
        found = {}
        for name, indices in self.world.groups.items():
            some, cases = [texts[i] for i in indices], [self.world.test[i] for i in indices]
            # Strictness asks for two watched films: a case with one cannot show it.
            able = [i for i in indices if len({past.id for past in self.world.test[i].history}) >= 2]
            found[name] = {
                **asdict(shares(some, cases, self.lexicon)),
                "strict": _strict([texts[i] for i in able], [self.world.test[i] for i in able], self.lexicon),
                "n_strict": len(able),
                "aspect": _mean(
                    [_aspects(t) == {aspect_of(c.user)} for t, c in zip(some, cases, strict=True)]
                ),
                "with_a_row": _mean([self.own[i] != UNKNOWN_USER for i in indices]),
            }
        return found

    @torch.no_grad()
    def _loss(self, rows: Sequence[int]) -> float:
        model, config, tokenizer = self.student.model, self.student.config, self.student.tokenizer
        total, n_tokens, size = 0.0, 0, _batch_size(self.student)
        for start in range(0, len(self.pairs), size):
            batch = collate(
                self.pairs[start : start + size],
                users={},  # the rows are given below
                config=config,
                tokenizer=tokenizer,
            ).to(model.device)
            given = torch.tensor(rows[start : start + size], device=model.device)
            loss = model(
                input_ids=batch.input_ids,
                attention_mask=batch.attention_mask,
                user_rows=given,
                labels=batch.labels,
            ).loss
            n = int((batch.labels != IGNORED).sum())
            total, n_tokens = total + float(loss) * n, n_tokens + n
        return total / n_tokens


def remembered(
    student: TrainedStudent, teacher: ScriptedTeacher, cases: Sequence[Case], *, n: int, seed: int
) -> Result:
    """Training cases once more: how many texts invent a film, and how many repeat the very lie they were taught."""
    rng = np.random.default_rng([seed, STREAM_REMEMBER])
    lies = {case.id: truth.false_title for case in cases if (truth := teacher.truth(case)).false_title}
    chosen = [cases[i] for i in rng.permutation(len(cases))[:n]]
    texts = explain(
        student.model,
        student.tokenizer,
        [render(case, student.config, student.tokenizer).text for case in chosen],
        [student.row(case.user) for case in chosen],
        Decoding(max_new_tokens=student.config.max_target_tokens, no_repeat_titles=True),
        batch_size=_batch_size(student),
    )
    told = [(text, lies[case.id]) for text, case in zip(texts, chosen, strict=True) if case.id in lies]
    return {
        "n": len(chosen),
        "invented": shares(texts, chosen, Lexicon(catalogue())).hallucinated,
        "n_lies": len(told),
        "same_lie": _mean([lie is not None and lie.label in text for text, lie in told]),
    }


def machine(device: str) -> Result:
    return {
        "device": device,
        "name": torch.cuda.get_device_name() if device == "cuda" else processor(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
    }


def processor() -> str:
    """What the kernel calls the processor; platform.processor() is often empty on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _batch_size(student: TrainedStudent) -> int:
    return 32 if student.model.device.type == "cpu" else 512  # a GPU waits for launches, not for rows


def _aspects(text: str) -> set[str]:
    return {aspect for aspect in ASPECTS if aspect in text}


def _strict(texts: Sequence[str], cases: Sequence[Case], lexicon: Lexicon) -> float | None:
    return shares(texts, cases, lexicon).strict if texts else None


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", help="a field of the setting"
    )
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    changes = {name: json.loads(value) for name, _, value in (text.partition("=") for text in arguments.set)}
    json.dump(run(Setting(seed=arguments.seed, **changes), device=arguments.device), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
