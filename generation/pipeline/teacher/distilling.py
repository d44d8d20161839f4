"""The paper's algorithm 1 at scale: in shards, resumable, asking the teacher nothing twice.

A store is a folder of append-only JSON lines, one file a shard, one row a case, rejected ones too. A row
is addressed
by its key: the teacher, the prompt's text, the decoding and the seed. A kill tears at most the last line.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from generation.pipeline import prompts as prompting
from generation.pipeline.records import Case, Decoding, Prompt
from generation.pipeline.teacher.interface import UNASKED, Draft, Teacher
from generation.pipeline.teacher.screening import screen, strip_echo

OK, REJECTED, ERROR = "ok", "rejected", "error"
CHUNK = 64
"""Cases between two writes to the disk, what a death costs at most; a teacher's `chunk` says otherwise."""
FEWEST_FOR_A_RATE = 20
"""Rows before an error rate is one."""

Progress = Callable[[int, int, str], None]
"""Called with (cases done, cases in all, words about what was rejected)."""


class BudgetReached(ValueError):
    """The teacher may spend no more. All rows are kept; a larger budget goes on from them."""


class TooManyErrors(ValueError):
    """More rows failed than the run allows. All rows are kept; those that failed are asked again."""


class DamagedStore(ValueError):
    """A line inside a store that is no row of ours. Only the last line of a file may be torn."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one case."""

    key: str
    case_id: str
    user: str
    text: str
    """As the teacher wrote it, an echo of the prompt in front of it removed; kept for rejected rows too."""
    status: str
    reason: str
    """Why it was rejected, empty otherwise."""
    teacher: str
    """The teacher's signature."""
    prompt_sha256: str
    prompt_version: str
    n_dropped: int
    """Oldest titles the prompt had no room for."""
    decoding: dict[str, Any]
    seed: int
    attempts: int = 1
    latency: float = 0.0
    finish_reason: str = ""
    usage: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DistillingSummary:
    """What a run over its cases came to, the rows that were there before included."""

    n_cases: int
    n_done: int
    n_ok: int
    rejected: dict[str, int]
    """Reason -> cases."""
    n_asked: int
    """Cases the teacher was asked about by this run."""
    stopped: bool
    """True where should_stop ended it before all cases were done."""
    n_dropped: int = 0
    """Oldest titles the prompts had no room for, all cases together."""
    n_errors: int = 0
    """Cases without a text because the teacher failed; not among the rejected."""
    usage: dict[str, int] = field(default_factory=dict)
    """Tokens that this run's own questions took."""

    @property
    def n_rejected(self) -> int:
        return sum(self.rejected.values())


def distil(
    teacher: Teacher,
    cases: Sequence[Case],
    *,
    decoding: Decoding,
    seed: int,
    store: Path,
    prompts: Sequence[Prompt] | None = None,
    shard: int = 0,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    max_error_rate: float = 1.0,
    elsewhere: Iterable[Path] = (),
) -> DistillingSummary:
    """Have the teacher write about the cases, screen what it wrote and keep all of it.

    Args:
        store: a folder, made if it is not there; several shards may write into one at the same time.
        prompts: one a case; rendered for this teacher when not given.
        shard: which file of the store this run appends to; two runs at a time never share one.
        should_stop: asked between chunks.
        max_error_rate: the run ends once more than this share of the rows it asked for failed.
        elsewhere: other stores, whose finished rows with our keys are taken over instead of asked for.

    Raises:
        BudgetReached, TooManyErrors: what was written until then is in the store.
    """
    rendered = list(prompts) if prompts is not None else [render(case, teacher) for case in cases]
    if len(rendered) != len(cases):
        raise ValueError(f"{len(rendered)} prompts for {len(cases)} cases: give one a case")
    signature = str(teacher.signature)
    keys = [
        _key(signature, prompt, decoding, seed, case.id if teacher.reads_user else "")
        for case, prompt in zip(cases, rendered, strict=True)
    ]
    store.mkdir(parents=True, exist_ok=True)
    wanted = set(keys)
    by_key, have = _what_is_there(store, wanted)
    for other in elsewhere:
        if wanted.difference(by_key):
            found = _what_is_there(other, wanted.difference(by_key))[0]
            by_key |= {key: replace(row, usage={}) for key, row in found.items()}
    todo = [i for i, key in enumerate(keys) if (key, cases[i].id) not in have]
    if getattr(teacher, "by_length", False):
        todo.sort(key=lambda i: (-len(rendered[i].text), i))
    size = getattr(teacher, "chunk", CHUNK)
    usage: Counter[str] = Counter()
    n_errors = 0
    counts = Counter(
        by_key[key].reason for key, case in zip(keys, cases, strict=True) if (key, case.id) in have
    )
    n_done, n_asked, stopped = len(cases) - len(todo), 0, False
    tell = progress or (lambda n, total, words: None)
    tell(n_done, len(cases), "")
    with _Appender(store / f"shard-{shard:05d}.jsonl") as file:
        for start in range(0, len(todo), size):
            if should_stop is not None and should_stop():
                stopped = True
                break
            chunk = todo[start : start + size]
            # The same key twice is the same work; the first one asks for both.
            ask = sorted({keys[i]: i for i in reversed(chunk) if keys[i] not in by_key}.values())
            drafts = teacher.write(
                [cases[i] for i in ask], [rendered[i] for i in ask], decoding=decoding, seed=seed
            )
            failed: dict[str, Row] = {}
            for i, draft in zip(ask, drafts, strict=True):
                if draft.error == UNASKED:
                    continue
                n_asked += 1
                usage.update(draft.usage)
                row = _row(keys[i], cases[i], rendered[i], draft, signature, decoding, seed)
                (failed if draft.error else by_key)[row.key] = row
            rows = [_for_case(by_key[keys[i]], cases[i], rendered[i]) for i in chunk if keys[i] in by_key]
            file.append([*rows, *failed.values()])
            n_errors += len(failed)
            counts.update(row.reason for row in rows)
            n_done += len(rows)
            tell(
                n_done,
                len(cases),
                ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items()) if reason),
            )
            _check_errors(n_errors, n_asked, max_error_rate, failed)
            if any(draft.error == UNASKED for draft in drafts):
                raise BudgetReached(
                    f"{getattr(teacher, 'exhausted', '') or 'the budget is used up'}: {n_done:,} of {len(cases):,} "
                    "cases are done and kept, and whoever goes on starts from them."
                )
    return DistillingSummary(
        n_cases=len(cases),
        n_done=n_done,
        n_ok=counts[""],
        rejected={reason: n for reason, n in sorted(counts.items()) if reason},
        n_asked=n_asked,
        stopped=stopped,
        n_dropped=sum(prompt.n_dropped for prompt in rendered),
        n_errors=len(cases) - n_done if not stopped else n_errors,
        usage=dict(usage),
    )


def _check_errors(n_errors: int, n_asked: int, at_most: float, failed: dict[str, Row]) -> None:
    if n_asked >= FEWEST_FOR_A_RATE and n_errors > at_most * n_asked:
        last = next(reversed(failed.values())).reason.rstrip(".") if failed else "see the store"
        raise TooManyErrors(
            f"{n_errors:,} of the {n_asked:,} rows asked for failed, more than {at_most:.0%}; the last: {last}. "
            "All rows are kept; queue the run again once the teacher answers, and only the rest is asked."
        )


def _what_is_there(store: Path, keys: set[str]) -> tuple[dict[str, Row], set[tuple[str, str]]]:
    """Of the finished rows a store holds, those with one of the keys; and which cases they are of."""
    by_key: dict[str, Row] = {}
    have: set[tuple[str, str]] = set()
    for row in read_rows(store):
        if row.key in keys and row.status != ERROR:
            by_key[row.key] = row
            have.add((row.key, row.case_id))
    return by_key, have


def render(case: Case, teacher: Teacher) -> Prompt:
    """The prompt this teacher reads: the oldest titles dropped until its budget holds it."""
    if teacher.budget is None:
        return prompting.render(case, version=teacher.prompt_version)
    return prompting.render(
        case, version=teacher.prompt_version, budget=teacher.budget, count_tokens=teacher.count_tokens
    )


def row_key(teacher: Teacher, case: Case, prompt: Prompt, decoding: Decoding, seed: int) -> str:
    """What the text follows from, hashed; the case itself only for a teacher that reads more than the
    prompt."""
    return _key(str(teacher.signature), prompt, decoding, seed, case.id if teacher.reads_user else "")


def _key(signature: str, prompt: Prompt, decoding: Decoding, seed: int, case_id: str) -> str:
    parts = [signature, prompt.text, _plain(decoding), seed, case_id]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@lru_cache(maxsize=16)
def _plain(decoding: Decoding) -> dict[str, Any]:
    """JSON values, made once: making them for each row cost more than the teacher of a scripted run."""
    return asdict(decoding)


def read_rows(store: Path) -> Iterator[Row]:
    """Every row of every shard; a torn last line is left out.

    Raises:
        DamagedStore: a whole line is no row of ours; names file and line.
    """
    for path in sorted(store.glob("shard-*.jsonl")):
        with path.open(encoding="utf-8", errors="replace", newline="\n") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.endswith("\n"):
                    break
                try:
                    yield Row(**json.loads(line))
                except (TypeError, ValueError) as problem:
                    raise DamagedStore(
                        f"{path.name}, line {number}: not a distilled row ({problem})"
                    ) from None


def tokens_spent(store: Path) -> tuple[int, int]:
    """Tokens read and written for the rows of a store, the failed and rejected ones too."""
    n_in = n_out = 0
    for row in read_rows(store):
        n_in += row.usage.get("prompt_tokens", 0)
        n_out += row.usage.get("completion_tokens", 0)
    return n_in, n_out


def golden(store: Path, *, teacher: str | None = None) -> dict[str, str]:
    """Case id -> golden explanation, accepted rows only; `teacher` (a signature) where a store holds
    several."""
    rows = (row for row in read_rows(store) if row.status == OK)
    return {row.case_id: row.text for row in rows if teacher is None or row.teacher == teacher}


def shard_of(case_id: str, n_shards: int) -> int:
    """Which of `n_shards` a case belongs to: by hash, so that more cases move none of the others."""
    return int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8], "big") % n_shards


def _row(
    key: str, case: Case, prompt: Prompt, draft: Draft, signature: str, decoding: Decoding, seed: int
) -> Row:
    text = strip_echo(draft.text, prompt)
    reason = draft.error or screen(text, prompt, case, finished=draft.finished)
    return Row(
        key=key,
        case_id=case.id,
        user=case.user,
        text=text,
        status=ERROR if draft.error else OK if reason is None else REJECTED,
        reason=reason or "",
        teacher=signature,
        prompt_sha256=prompt.sha256,
        prompt_version=prompt.version,
        n_dropped=prompt.n_dropped,
        decoding=_plain(decoding),
        seed=seed,
        attempts=draft.attempts,
        latency=draft.latency,
        finish_reason=draft.finish_reason,
        usage=draft.usage,
    )


def _for_case(row: Row, case: Case, prompt: Prompt) -> Row:
    """The row of another case with the same key, as this case's own."""
    if row.case_id == case.id:
        return row
    return replace(row, case_id=case.id, user=case.user, n_dropped=prompt.n_dropped, usage={})


def _flat(row: Row) -> dict[str, Any]:
    """asdict copies every value anew, which costs more than the teacher of a scripted run."""
    return {name: getattr(row, name) for name in Row.__slots__}


class _Appender:
    """A file of lines, mended on opening: what a kill left of the last line is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "_Appender":
        self.file = self.path.open("ab+")
        self.file.seek(0)
        content = self.file.read()
        self.file.truncate(content.rfind(b"\n") + 1)
        self.file.seek(0, os.SEEK_END)
        return self

    def append(self, rows: Sequence[Row]) -> None:
        lines = [json.dumps(_flat(row), ensure_ascii=False, sort_keys=True) + "\n" for row in rows]
        self.file.write("".join(lines).encode())
        self.file.flush()
        os.fsync(self.file.fileno())

    def __exit__(self, *_: object) -> None:
        self.file.close()
