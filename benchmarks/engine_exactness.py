"""What each engine changes of what a trained student says, against torch.

    python -m benchmarks.engine_exactness
    python -m benchmarks.engine_exactness --student FOLDER --seed 21

Trains the demo's student on a built-in world (or takes one that was trained on that world) and lets every engine
explain the same 300 held-out cases: prompts of mixed lengths, so that batches are padded, every tenth case without
its user. Then: the share of texts that are torch's to the letter; the largest difference of a log-probability when
each engine is given torch's own words; the strict measure, invented films and ROUGE with the teacher's text, each
beside torch's on the same cases, with the interval of the difference over cases.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rouge_score.rouge_scorer import RougeScorer

from benchmarks.demo_student import SHORTEST, make_cases, write
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.records import Case, Decoding
from generation.pipeline.student import checkpoint
from generation.pipeline.student.batches import by_length, pad, render
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.engines import open_engine
from generation.pipeline.student.faithfulness import Lexicon, strict
from generation.pipeline.student.onnx_engine import OnnxEngine
from generation.pipeline.student.onnx_export import PRECISIONS
from generation.pipeline.student.onnx_sessions import int8_saturates
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.student.recipe import MAX_TITLES
from generation.pipeline.student.training import train
from generation.pipeline.teacher.scripted import ScriptedTeacher

ENGINES = ("torch", "onnx", "onnx-int8")
N_DRAWS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--student", type=Path, help="a finished student's folder; without it one is trained")
    parser.add_argument("--seed", type=int, default=21, help="of the world, the teacher and the training")
    parser.add_argument("--users", type=int, default=300, help="of the world, a held-out case each")
    parser.add_argument("--steps", type=int, default=0, help="of the training; 0 leaves them to the recipe")
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = make_cases(arguments.users, arguments.seed)
    teacher = ScriptedTeacher(catalogue(), hallucination_rate=0.15, aspects="planted", seed=arguments.seed)
    test = of_mixed_lengths(cases["test"])
    references = write(teacher, test)
    with tempfile.TemporaryDirectory() as aside:
        folder = arguments.student
        if folder is None:
            pairs = {
                split: [
                    DistilledPair(c, t)
                    for c, t in zip(cases[split], write(teacher, cases[split]), strict=True)
                ]
                for split in ("train", "valid")
            }
            config = StudentConfig.demo(**({"max_steps": arguments.steps} if arguments.steps else {}))
            folder = train(
                pairs["train"], pairs["valid"], config, Path(aside), arguments.seed, catalogue=catalogue()
            ).artefact.path
        compare(folder, test, references, arguments.batch)


def of_mixed_lengths(cases: list[Case]) -> list[Case]:
    """The cases with the newest 4 to 8 films of their histories, as training had them."""
    lengths = range(SHORTEST, MAX_TITLES + 1)
    return [replace(case, history=case.history[-lengths[i % len(lengths)] :]) for i, case in enumerate(cases)]


def compare(folder: Path, cases: list[Case], references: list[str], batch: int) -> None:
    """Print every figure of one student on these cases."""
    student = checkpoint.load(folder, verify=True)
    prompts = [render(case, student.config, student.tokenizer).text for case in cases]
    rows = [0 if i % 10 == 9 else student.row(case.user) for i, case in enumerate(cases)]
    lengths = [len(ids) for ids in student.tokenizer.encode(prompts)]
    batches = list(by_length(lengths, batch))
    padded = sum(max(lengths[i] for i in some) * len(some) for some in batches) - sum(lengths)
    saturates = "saturate here, so shifted ones are used" if int8_saturates() else "are exact here"
    print(
        f"{len(cases)} held-out cases, prompts of {min(lengths)} to {max(lengths)} tokens, {padded} of padding in "
        f"{len(batches)} batches, {rows.count(0)} without their user; int8 products of signed bytes {saturates}"
    )
    for constrained in (False, True):
        decoding = Decoding(max_new_tokens=student.config.max_target_tokens, no_repeat_titles=constrained)
        texts = {
            name: [
                each.text
                for each in open_engine(name, folder).write(prompts, rows, decoding, batch_size=batch)
            ]
            for name in ENGINES
        }
        print(f"\ngreedy{', no film twice' if constrained else ''}")
        print_texts(texts, cases, references)
    alone = [each.text for each in open_engine("onnx", folder).write(prompts, rows, decoding, batch_size=1)]
    same = sum(a == b for a, b in zip(alone, texts["torch"], strict=True))
    print(f"\nonnx a case at a time beside torch in batches: {same} of {len(alone)} texts are the same")
    for precision, figures in teacher_forced(folder, student, prompts, rows, texts["torch"], batch).items():
        print(f"given torch's words, onnx {precision}: {json.dumps(figures)}")


def print_texts(texts: dict[str, list[str]], cases: list[Case], references: list[str]) -> None:
    lexicon, rng = Lexicon(catalogue()), np.random.default_rng(0)
    measured = {name: measure(some, cases, references, lexicon) for name, some in texts.items()}
    base = measured["torch"]
    for name, figures in measured.items():
        same = sum(a == b for a, b in zip(texts[name], texts["torch"], strict=True))
        print(f"  {name:<10} {same:4d} of {len(cases)} texts are torch's")
        for measure_name, values in figures.items():
            line = f"    {measure_name:<12} {values.mean():.4f}"
            if name != "torch":
                low, high = interval(values - base[measure_name], rng)
                line += f"   {(values - base[measure_name]).mean():+.4f} to torch (95 % {low:+.4f} to {high:+.4f})"
            print(line, flush=True)


def measure(
    texts: list[str], cases: list[Case], references: list[str], lexicon: Lexicon
) -> dict[str, np.ndarray]:
    """Measure -> a value a case."""
    taken = [strict(text, case, lexicon) for text, case in zip(texts, cases, strict=True)]
    scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=True)
    scores = [scorer.score(reference, text) for reference, text in zip(references, texts, strict=True)]
    return {
        "strict": np.array([float(each.holds) for each in taken]),
        "invented": np.array([float(bool(each.invented)) for each in taken]),
        **{kind: np.array([score[kind].fmeasure for score in scores]) for kind in ("rouge1", "rougeL")},
    }


def interval(differences: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """95 % of the means of resampled cases."""
    drawn = rng.integers(0, len(differences), (N_DRAWS, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def teacher_forced(
    folder: Path,
    student: checkpoint.TrainedStudent,
    prompts: list[str],
    rows: list[int],
    texts: list[str],
    batch: int,
) -> dict[str, dict[str, float]]:
    """Precision -> differences of log-probabilities to torch's, padding of the targets left out."""
    tokenizer, users = student.tokenizer, student.users
    engines = {precision: OnnxEngine(folder, precision=precision) for precision in PRECISIONS}
    found: dict[str, list[np.ndarray]] = {precision: [] for precision in PRECISIONS}
    likeliest: dict[str, list[np.ndarray]] = {precision: [] for precision in PRECISIONS}
    start = student.model.bart.config.decoder_start_token_id
    prompt_ids = tokenizer.encode(prompts)
    target_ids = [
        [start, *ids[1:-1]] for ids in tokenizer.encode(texts)
    ]  # each is asked for the next, to </s>
    for some in by_length([len(ids) for ids in prompt_ids], batch):
        ids, mask = pad([prompt_ids[i] for i in some], tokenizer.pad)
        targets, given = pad([target_ids[i] for i in some], tokenizer.pad)
        chosen = np.array([rows[i] for i in some])
        with torch.no_grad():
            logits = student.model(
                input_ids=ids,
                attention_mask=mask,
                user_rows=torch.from_numpy(chosen),
                decoder_input_ids=targets,
            ).logits
        wanted = torch.log_softmax(logits, -1).numpy()
        real = given.numpy().astype(bool)
        for precision, engine in engines.items():
            got = engine.log_probabilities(
                ids.numpy(),
                mask.numpy(),
                users.vectors(chosen),
                targets.numpy(),  # type: ignore[attr-defined]
            )
            found[precision].append(np.abs(got - wanted)[real].max(axis=1))
            likeliest[precision].append((got.argmax(-1) == wanted.argmax(-1))[real])
    return {
        precision: {
            "largest": float(f"{np.concatenate(found[precision]).max():.3g}"),
            "median_of_places": float(f"{np.median(np.concatenate(found[precision])):.3g}"),
            "same_likeliest_word": round(float(np.concatenate(likeliest[precision]).mean()), 5),
        }
        for precision in PRECISIONS
    }


if __name__ == "__main__":
    main()
