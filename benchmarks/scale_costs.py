"""What full ML-1M and Yelp runs cost on one GPU and on ten, computed from measured rates, with the arithmetic.

    python -m benchmarks.scale_costs                          # reads benchmarks/scale_rates.json
    python -m benchmarks.scale_costs --rates mine.json

A rate that nobody measured is null in the file and reads "not measured" here, and so does all that follows from it.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

RATES = Path(__file__).with_name("scale_rates.json")
NOT_MEASURED = "not measured"

EPOCHS = 3
STUDENTS = 2
"""prism and prism-nouser."""
SYSTEMS = 4
"""Systems that explain the test cases; two of them are students on a GPU."""
ROWS_A_SHARD = 20_000
MOST_MESSAGES = 16
STUDENT_BYTES = 139_420_416 * 4
"""BART-base in fp32."""
USER_BYTES = 768 * 4
FILES_A_CORPUS, FILES_OF_CASES, FILES_OF_GOLDEN, FILES_A_STUDENT = 12, 3, 2, 13
"""With the manifest each, counted by `python -m benchmarks.traffic`."""


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    interactions: int
    users: int
    pairs: int
    cases: int


CORPORA = (
    Corpus("ML-1M", 1_000_209, 6_040, 894_752, 99_417),
    # The paper does not say how it filtered Yelp: users are those of the public release, an upper bound.
    Corpus("Yelp", 6_990_280, 1_987_929, 1_418_452, 157_606),
)


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    arithmetic: str
    value: str


def costs(corpus: Corpus, rates: dict[str, float | None], *, gpus: int) -> list[Line]:
    """Each cost with how it was computed."""

    def hours(what: str, amount: float, rate_name: str, workers: int) -> Line:
        rate = rates[rate_name]
        side_by_side = f" / {workers}" if workers > 1 else ""
        if rate is None:
            return Line(what, f"{amount:,.0f} / {rate_name}{side_by_side}", NOT_MEASURED)
        seconds = amount / rate / workers
        return Line(
            what,
            f"{amount:,.0f} / {rate:,.{0 if rate >= 1000 else 2}f} a second{side_by_side}",
            _time(seconds),
        )

    students = min(gpus, STUDENTS)
    return [
        hours("import (one worker)", corpus.interactions, "import_rows_a_second", 1),
        hours("training cases (one worker)", corpus.pairs, "select_cases_a_second", 1),
        hours("cases to judge, as rows (one worker)", corpus.cases, "judged_cases_a_processor_second", 1),
        hours("teacher writes", corpus.pairs, "teacher_explanations_a_gpu_second", gpus),
        hours("Prism around the teacher", corpus.pairs, "distil_rows_a_worker_second", gpus),
        hours(
            f"{STUDENTS} students, {EPOCHS} epochs each, a GPU a student",
            corpus.pairs * EPOCHS * STUDENTS,
            "student_training_pairs_a_gpu_second",
            students,
        ),
        hours(
            "2 students explain the test cases", corpus.cases * 2, "student_explanations_a_gpu_second", gpus
        ),
        hours(
            f"Prism around {SYSTEMS} systems (one worker)",
            corpus.cases * SYSTEMS,
            "explain_cases_a_processor_second",
            1,
        ),
    ]


def amounts(corpus: Corpus, rates: dict[str, float | None]) -> list[Line]:
    """Storage, rows, messages and requests: the same however many GPUs there are."""

    def size(what: str, n: int, rate_name: str) -> Line:
        rate = rates[rate_name]
        if rate is None:
            return Line(what, f"{n:,} × {rate_name}", NOT_MEASURED)
        return Line(what, f"{n:,} × {rate:,.0f} bytes", _size(n * rate))

    shards = math.ceil((corpus.pairs + corpus.cases) / ROWS_A_SHARD)
    explain_shards = math.ceil((corpus.pairs + corpus.cases) / ROWS_A_SHARD) * SYSTEMS
    student = STUDENT_BYTES + (corpus.users + 1) * USER_BYTES
    all_shards = 2 + shards + STUDENTS + explain_shards
    return [
        size("training cases (Parquet)", corpus.pairs, "cases_parquet_bytes_a_pair"),
        size("the teacher's rows (JSON lines)", corpus.pairs, "row_store_bytes_a_pair"),
        size("golden explanations (Parquet)", corpus.pairs, "golden_bytes_a_pair"),
        Line(
            "student with its user table, fp32",
            f"{STUDENT_BYTES:,} + {corpus.users + 1:,} × {USER_BYTES:,}",
            _size(student),
        ),
        Line(
            "its state while it trains", "weights, best weights and 2 moments: 4 × that", _size(4 * student)
        ),
        size("PostgreSQL: cases", corpus.cases, "postgres_bytes_a_case"),
        size("PostgreSQL: explanations", corpus.cases * SYSTEMS, "postgres_bytes_an_explanation"),
        Line(
            "PostgreSQL: rows",
            f"{corpus.cases:,} cases + {corpus.cases * SYSTEMS:,} explanations + {all_shards:,} shards",
            f"{corpus.cases * (1 + SYSTEMS) + all_shards:,}",
        ),
        Line(
            "Redis: messages, nothing lost",
            f"2 + {STUDENTS} + (1 + {SYSTEMS}) × min({shards} shards, {MOST_MESSAGES})",
            f"{n_messages(shards):,}",
        ),
        Line(
            "object store: PUTs without states and half-minute pushes",
            f"2 a shard × {shards} + corpus {FILES_A_CORPUS} + cases {FILES_OF_CASES} + golden {FILES_OF_GOLDEN} + "
            f"{STUDENTS} × {FILES_A_STUDENT}",
            f"{n_puts(shards):,}",
        ),
    ]


def n_messages(shards: int) -> int:
    """Tasks sent for a whole pipeline whose teacher and systems have so many shards each."""
    return 2 + min(shards, MOST_MESSAGES) + STUDENTS + SYSTEMS * min(shards, MOST_MESSAGES)


def n_puts(shards: int) -> int:
    """Files carried to the store."""
    return 2 * shards + FILES_A_CORPUS + FILES_OF_CASES + FILES_OF_GOLDEN + STUDENTS * FILES_A_STUDENT


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 72 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} days"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:.2f} GiB" if n_bytes >= 2**29 else f"{n_bytes / 2**20:.0f} MiB"


def markdown(lines: list[Line]) -> str:
    rows = [f"| {line.what} | {line.arithmetic} | {line.value} |" for line in lines]
    return "\n".join(["| what | arithmetic | comes to |", "|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rates", type=Path, default=RATES)
    rates = json.loads(parser.parse_args().rates.read_text(encoding="utf-8"))
    for corpus in CORPORA:
        for gpus in (1, 10):
            title = f"{corpus.name}, {gpus} GPU{'s' if gpus > 1 else ''}"
            print(f"### {title}\n\n{markdown(costs(corpus, rates, gpus=gpus))}\n")
        print(f"### {corpus.name}, storage and traffic\n\n{markdown(amounts(corpus, rates))}\n")


if __name__ == "__main__":
    main()
