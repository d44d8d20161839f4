"""Table 2 of the paper: what one explanation costs a teacher of eleven billion parameters, and what it costs Prism.

    python -m benchmarks.experiments.efficiency --out DIR

Shapes are the published ones and weights are random: what a network costs does not depend on what it says, and every
text is forced to the same number of tokens. On a GPU everything is measured, each at batch 1 (latency) and at a larger
batch (throughput). Without one the large teachers do not fit: they are timed with one and two layers a side and
extrapolated, and the table says so.
"""

import multiprocessing
import queue
import time
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.experiments import chart, command
from benchmarks.experiments.contestants import FLAN_T5, Contestant, contestants, measure
from benchmarks.experiments.ledger import Ledger
from benchmarks.experiments.tables import Row, Table


def _measure_alone(contestant: Contestant, threads: int, answer: Any) -> None:
    torch.set_num_threads(threads)
    answer.put(measure(contestant, "cpu"))


def run(
    wanted: Sequence[Contestant],
    ledger: Ledger,
    *,
    device: str,
    threads: int = 1,
    deadline: float = float("inf"),
) -> None:
    """Measure what the ledger lacks, one after another; on a CPU each in a process whose peak is its own."""
    for contestant in wanted:
        if f"{contestant.id}/{device}" in ledger:
            continue
        if time.monotonic() > deadline:
            print("the time for efficiency is over", flush=True)
            return
        if device == "cuda":
            try:
                cell = measure(contestant, device)
            except (
                Exception
            ) as error:  # the next contestant is no worse for it; nothing is written for this one
                print(f"failed: {contestant.id}: {type(error).__name__}: {error}", flush=True)
                continue
        else:
            context = multiprocessing.get_context("spawn")
            answer = context.Queue()
            child = context.Process(target=_measure_alone, args=(contestant, threads, answer))
            child.start()
            cell = _answer(child, answer, contestant)
        ledger.append(cell)
        taken = cell["seconds"]
        print(
            f"{cell['id']}: {taken['mean'] * 1000:.1f} ms over {cell['n_runs']} runs, "
            f"{cell['peak_bytes'] / 1e9:.2f} GB",
            flush=True,
        )


def _answer(child: Any, answer: Any, contestant: Contestant) -> dict[str, Any]:
    while True:
        try:
            cell: dict[str, Any] = answer.get(timeout=1)
        except queue.Empty:
            if not child.is_alive():
                raise RuntimeError(
                    f"{contestant.id} died with exit code {child.exitcode}: out of memory?"
                ) from None
            continue
        child.join()
        return cell


def tables(cells: Sequence[dict[str, Any]]) -> list[Table]:
    """One row a contestant and batch; a teacher that was only timed in slices stands as extrapolated."""
    rows = [_row(cell) for cell in cells if not cell["contestant"]["layers"]]
    rows += [_extrapolated_row(*pair) for pair in _slices(cells)]
    rows.sort(key=lambda row: (row["batch"], -row["parameters"]))
    student = next((row for row in rows if (row["name"], row["batch"]) == ("Prism", 1)), None)
    for row in rows:
        row["times Prism"] = (
            f"{row['ms mean'] / student['ms mean']:.1f}" if student and row["batch"] == 1 else None
        )
    shown: list[Row] = [
        {**row, "ms mean": f"{row['ms mean']:.1f}", "ms an explanation": f"{row['ms an explanation']:.1f}"}
        for row in rows
    ]
    first = cells[0]
    machine_, contestant = first["machine"], first["contestant"]
    caption = (
        f"What an explanation costs on {machine_['name']} ({machine_['device']}, torch {machine_['torch']}): "
        f"prompts of {contestant['prompt_tokens']} tokens, {contestant['new_tokens']} forced new ones, greedy, "
        "random weights of the published shapes. Milliseconds a batch; memory is the peak, weights included; "
        "times Prism compares with Prism fp32 at batch 1."
    )
    return [Table(f"efficiency_{machine_['device']}", caption, shown)]


def _row(cell: dict[str, Any]) -> dict[str, Any]:
    contestant, taken = cell["contestant"], cell["seconds"]
    return {
        "name": contestant["name"],
        "precision": contestant["precision"],
        "batch": contestant["batch"],
        "parameters": cell["parameters"],
        "of these the user table": cell["user_parameters"] or None,
        "runs": cell["n_runs"],
        "ms mean": taken["mean"] * 1e3,
        "ms p50": f"{taken['p50'] * 1e3:.1f}",
        "ms p95": f"{taken['p95'] * 1e3:.1f}",
        "ms an explanation": taken["mean"] * 1e3 / contestant["batch"],
        "peak GB": f"{cell['peak_bytes'] / 1e9:.2f}",
        "how": "measured",
    }


def _slices(cells: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """One and two layers a side of a contestant, where two took longer: noise cannot be extrapolated."""
    by_name: dict[str, dict[int, dict[str, Any]]] = {}
    for cell in cells:
        if layers := cell["contestant"]["layers"]:
            by_name.setdefault(cell["contestant"]["name"], {})[layers] = cell
    pairs = [(found[1], found[2]) for found in by_name.values() if {1, 2} <= found.keys()]
    return [(one, two) for one, two in pairs if one["seconds"]["mean"] < two["seconds"]["mean"]]


def _extrapolated_row(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Every layer costs what the second did: linear in depth, the embeddings and the head counted once."""
    depth = FLAN_T5[one["contestant"]["name"].rpartition("-")[2]]["layers"]

    def at_depth(low: float, high: float) -> float:
        return low + (depth - 1) * (high - low)

    seconds = at_depth(one["seconds"]["mean"], two["seconds"]["mean"])
    parameters = round(at_depth(one["parameters"], two["parameters"]))
    width = 4 if one["contestant"]["precision"] == "fp32" else 2
    return {
        **_row(one),
        "parameters": parameters,
        "runs": min(one["n_runs"], two["n_runs"]),
        "ms mean": seconds * 1e3,
        "ms p50": None,
        "ms p95": None,
        "ms an explanation": seconds * 1e3,
        "peak GB": f"{parameters * width / 1e9:.2f} (weights alone)",
        "how": "extrapolated from 1+1 and 2+2 layers",
    }


def figure(cells: Sequence[dict[str, Any]]) -> str:
    rows = [_row(cell) for cell in cells if not cell["contestant"]["layers"]]
    rows += [_extrapolated_row(*pair) for pair in _slices(cells)]
    rows = sorted((row for row in rows if row["batch"] == 1), key=lambda row: -row["ms mean"])
    given = [
        chart.Dot(
            f"{row['name']}, {row['precision']}",
            row["ms mean"],
            f"{row['ms mean']:,.0f} ms, {row['peak GB']} GB"
            + (", extrapolated" if row["how"] != "measured" else ""),
            faint=row["how"] != "measured",
        )
        for row in rows
    ]
    return chart.logarithmic(
        "What an explanation costs", f"One explanation on {cells[0]['machine']['name']}, batch 1", given, "ms"
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="no further run of a contestant after this long"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch, on a CPU")
    arguments = parser.parse_args(argv)
    device = arguments.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    ledger = Ledger(arguments.out)
    if not arguments.only_write:
        wanted = contestants(
            device,
            smoke=arguments.smoke,
            runs=arguments.runs,
            seconds=arguments.seconds,
            seed=arguments.seed,
        )
        run(wanted, ledger, device=device, threads=arguments.threads)
    for place in ("cpu", "cuda"):
        cells = [
            c
            for c in ledger.cells.values()
            if c["id"].startswith("efficiency/") and c["id"].endswith(f"/{place}")
        ]
        if cells:
            command.write(arguments.out, f"efficiency_{place}", tables(cells), figure(cells))


if __name__ == "__main__":
    main()
