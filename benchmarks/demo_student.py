"""Train the demo's student on a built-in world and measure it beside its teacher.

    python -m benchmarks.demo_student --seed 21
    python -m benchmarks.demo_student --seed 21 --change say_once_init=false --change user_learning_rate=0.0025

Held-out cases: each user's last choice; the same users and titles, histories never seen in training. Time is
processor time of one thread, since wall time says more about the neighbours.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from generation.pipeline import prompts
from generation.pipeline.logs.builtin import world
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.logs.builtin.tastes import ASPECTS, aspect_of
from generation.pipeline.records import Case, Decoding, Split
from generation.pipeline.student import checkpoint
from generation.pipeline.student.batches import render
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.decoding import explain
from generation.pipeline.student.faithfulness import Lexicon, shares, user_effect
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.student.recipe import MAX_TITLES
from generation.pipeline.student.training import train
from generation.pipeline.teacher.scripted import ScriptedTeacher

SHORTEST = 4
"""Films of history in the shortest case."""


def main() -> None:
    arguments = read_arguments()
    torch.set_num_threads(1)
    cases = make_cases(arguments.users, arguments.seed)
    teacher = ScriptedTeacher(
        catalogue(), hallucination_rate=arguments.rate, aspects="planted", seed=arguments.seed
    )
    texts = {split: write(teacher, some) for split, some in cases.items()}
    pairs = {
        split: [DistilledPair(c, t) for c, t in zip(cases[split], texts[split], strict=True)]
        for split in cases
    }
    config = StudentConfig.demo(**dict(arguments.change))
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        summary = train(
            pairs["train"], pairs["valid"], config, Path(folder), arguments.seed, catalogue=catalogue()
        )
        seconds = time.process_time() - started
        student = checkpoint.load(summary.artefact.path)
    test = cases["test"]
    shown = [render(case, config, student.tokenizer).text for case in test]
    rows = [student.row(case.user) for case in test]
    lexicon = Lexicon(catalogue())
    report("teacher", asdict(shares(texts["test"], test, lexicon)))
    for once in (False, True):
        decoding = Decoding(max_new_tokens=config.max_target_tokens, no_repeat_titles=once)
        found = explain(student.model, student.tokenizer, shown, rows, decoding)
        name = "student, no film twice" if once else "student, greedy"
        report(name, asdict(shares(found, test, lexicon)))
    if config.with_user:
        effect = user_effect(
            lambda given: explain(student.model, student.tokenizer, shown, given, decoding),
            rows,
            [aspect_of(case.user) for case in test],
            all_aspects=ASPECTS,
            rng=np.random.default_rng(0),
        )
        report("user's aspect named", asdict(effect))
    parameters = sum(parameter.numel() for parameter in student.model.parameters())
    report(
        "training", {**summary.metrics(), "processor_seconds": round(seconds, 1), "parameters": parameters}
    )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of the world, the teacher and the training")
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--rate", type=float, default=0.15, help="the teacher's rate of false titles")
    parser.add_argument(
        "--change", type=read_change, action="append", default=[], help="a field of the recipe, name=value"
    )
    return parser.parse_args()


def read_change(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    return name, json.loads(value)


def make_cases(n_users: int, seed: int) -> dict[Split, list[Case]]:
    """Each user's last choice for test, the one before for validation, the others for training."""
    log = world.load(n_users=n_users, seed=seed)
    items = {item.id: item for item in catalogue()}
    watched: dict[str, list[str]] = defaultdict(list)
    for _, interaction in log.interactions():
        watched[interaction.user].append(interaction.item)
    cases: dict[Split, list[Case]] = {"train": [], "valid": [], "test": []}
    for user, films in watched.items():
        for place in range(SHORTEST, len(films)):
            history = tuple(items[film] for film in films[max(0, place - MAX_TITLES) : place])
            item = items[films[place]]
            left = len(films) - place
            split: Split = "test" if left == 1 else "valid" if left == 2 else "train"
            cases[split].append(Case(Case.identify(user, history, item), user, history, item, split))
    return cases


def write(teacher: ScriptedTeacher, cases: list[Case]) -> list[str]:
    return [draft.text for draft in teacher.write(cases, [prompts.render(case) for case in cases])]


def report(name: str, figures: dict[str, object]) -> None:
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
    print(f"{name}: {json.dumps(rounded)}", flush=True)


if __name__ == "__main__":
    main()
