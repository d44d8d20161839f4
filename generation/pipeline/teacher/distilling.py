"""The paper's algorithm 1 at scale: in shards, resumable, asking the teacher nothing twice.

A row (rows.py) is addressed by its key: the teacher, the prompt's text, the decoding and the seed. Cases are gone
through a window at a time, so that memory does not grow with a shard.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from generation.pipeline import prompts as prompting
from generation.pipeline.records import Case, Decoding, Prompt
from generation.pipeline.teacher.interface import UNASKED, Draft, Teacher
from generation.pipeline.teacher.rows import ERROR, OK, REJECTED, Appender, Row, RowIndex
from generation.pipeline.teacher.screening import screen, strip_echo

CHUNK = 64
"""Cases between two writes to the disk, what a death costs at most; a teacher's `chunk` says otherwise."""
WINDOW = 4096
"""Cases, or a little more, whose prompts are in memory at a time; a teacher that wants equal lengths together sorts
as many."""
FEWEST_FOR_A_RATE = 20
"""Rows before an error rate is one."""

Progress = Callable[[int, int, str], None]
"""Called with (cases done, cases in all, words about what was rejected)."""


class BudgetReached(ValueError):
    """The teacher may spend no more. All rows are kept; a larger budget goes on from them."""


class TooManyErrors(ValueError):
    """More rows failed than the run allows. All rows are kept; those that failed are asked again."""


class Cases(Protocol):
    """Cases that are read when they are wanted, and whose number is known before."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Case]: ...


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
    cases: Cases,
    *,
    decoding: Decoding,
    seed: int,
    store: Path,
    shard: int = 0,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    max_error_rate: float = 1.0,
    elsewhere: Iterable[Path] = (),
    kept: Callable[[Sequence[Row]], object] | None = None,
) -> DistillingSummary:
    """Have the teacher write about the cases, screen what it wrote and keep all of it.

    Args:
        store: a folder, made if it is not there; several shards may write into one at the same time.
        shard: which file of the store this run appends to; two runs at a time never share one.
        should_stop: asked between chunks.
        max_error_rate: the run ends once more than this share of the rows it asked for failed.
        elsewhere: other stores, whose finished rows with our keys are taken over instead of asked for; not looked at
        as long as the store itself has every row.
        kept: given the rows in the order of the cases, those that were there before included, some thousand at a time.

    Raises:
        BudgetReached, TooManyErrors: what was written until then is in the store.
    """
    store.mkdir(parents=True, exist_ok=True)
    with Appender(store / f"shard-{shard:05d}.jsonl") as file:
        work = _Work(
            teacher,
            decoding,
            seed,
            store,
            file,
            n_cases=len(cases),
            elsewhere=elsewhere,
            max_error_rate=max_error_rate,
            progress=progress or (lambda done, total, words: None),
            should_stop=should_stop or (lambda: False),
        )
        try:
            return work.go_through(cases, kept or (lambda rows: None))
        finally:
            work.close()


class _Work:
    """A shard under way: what is known of its rows, and the counts so far."""

    def __init__(
        self,
        teacher: Teacher,
        decoding: Decoding,
        seed: int,
        store: Path,
        file: Appender,
        *,
        n_cases: int,
        elsewhere: Iterable[Path],
        max_error_rate: float,
        progress: Progress,
        should_stop: Callable[[], bool],
    ) -> None:
        self.max_error_rate, self.progress, self.should_stop = max_error_rate, progress, should_stop
        self.teacher, self.decoding, self.seed, self.file = teacher, decoding, seed, file
        self.signature = str(teacher.signature)
        self.index = RowIndex(self.signature)
        self.index.read(store)
        self.elsewhere, self._others = elsewhere, RowIndex(self.signature)
        self._others_read = False
        self.n_cases = n_cases
        self.n_done = min(len(self.index), n_cases)
        self.n_asked = self.n_errors = self.n_dropped = self.n_missing = 0
        self.counts: Counter[str] = Counter()
        self.usage: Counter[str] = Counter()
        self.stopped = False

    def go_through(self, cases: Cases, kept: Callable[[Sequence[Row]], object]) -> DistillingSummary:
        self.progress(self.n_done, self.n_cases, "")
        size = getattr(self.teacher, "chunk", CHUNK)
        source = iter(cases)
        while not self.stopped and (window := list(islice(source, -(-WINDOW // size) * size))):
            rows = self._window(window, size)
            if not self.stopped:
                kept([row for row in rows if row is not None])
                self.n_missing += sum(row is None or row.status == ERROR for row in rows)
        return DistillingSummary(
            n_cases=self.n_cases,
            n_done=self.n_done,
            n_ok=self.counts[""],
            rejected={reason: n for reason, n in sorted(self.counts.items()) if reason},
            n_asked=self.n_asked,
            stopped=self.stopped,
            n_dropped=self.n_dropped,
            n_errors=self.n_errors if self.stopped else self.n_missing,
            usage=dict(self.usage),
        )

    def close(self) -> None:
        self.index.close()
        self._others.close()

    def _window(self, cases: list[Case], size: int) -> list[Row | None]:
        """The row of each case; None where there is none, as the teacher failed at another case's same question."""
        prompts = [render(case, self.teacher) for case in cases]
        self.n_dropped += sum(prompt.n_dropped for prompt in prompts)
        keys = [
            row_key(self.teacher, case, prompt, self.decoding, self.seed)
            for case, prompt in zip(cases, prompts, strict=True)
        ]
        rows = [self.index.find(key, case.id) for key, case in zip(keys, cases, strict=True)]
        known = {row.key: row for row in rows if row is not None}
        todo = []
        for i, (row, case) in enumerate(zip(rows, cases, strict=True)):
            if row is not None and row.case_id == case.id:
                self.counts[row.reason] += 1
            else:
                rows[i] = None
                todo.append(i)
        for i in todo:
            if keys[i] not in known and (other := self._elsewhere(keys[i])) is not None:
                known[other.key] = replace(other, usage={})
        if getattr(self.teacher, "by_length", False):
            todo.sort(key=lambda i: (-len(prompts[i].text), i))
        for start in range(0, len(todo), size):
            if self.should_stop():
                self.stopped = True
                break
            self._chunk(todo[start : start + size], cases, prompts, keys, known, rows)
        return rows

    def _elsewhere(self, key: str) -> Row | None:
        if not self._others_read:
            self._others_read = True
            for store in self.elsewhere:
                self._others.read(store)
        return self._others.find(key)

    def _chunk(
        self,
        chunk: list[int],
        cases: list[Case],
        prompts: list[Prompt],
        keys: list[str],
        known: dict[str, Row],
        rows: list[Row | None],
    ) -> None:
        """Ask for what nobody has written yet, and write a row for each of the chunk's cases."""
        # The same key twice is the same work; the first one asks for both.
        ask = sorted({keys[i]: i for i in reversed(chunk) if keys[i] not in known}.values())
        drafts = self.teacher.write(
            [cases[i] for i in ask], [prompts[i] for i in ask], decoding=self.decoding, seed=self.seed
        )
        failed: dict[str, Row] = {}
        for i, draft in zip(ask, drafts, strict=True):
            if draft.error == UNASKED:
                continue
            self.n_asked += 1
            self.usage.update(draft.usage)
            new = _row(keys[i], cases[i], prompts[i], draft, self.signature, self.decoding, self.seed)
            (failed if draft.error else known)[new.key] = rows[i] = new
        done = [i for i in chunk if keys[i] in known]
        for i in done:
            rows[i] = _for_case(known[keys[i]], cases[i], prompts[i])
        written = [row for i in done if (row := rows[i]) is not None]
        self.index.add(self.file.path, self.file.append([*written, *failed.values()]))
        self.n_errors += len(failed)
        self.counts.update(row.reason for row in written)
        self.n_done += len(written)
        words = ", ".join(f"{n} {reason}" for reason, n in sorted(self.counts.items()) if reason)
        self.progress(self.n_done, self.n_cases, words)
        _check_errors(self.n_errors, self.n_asked, self.max_error_rate, failed)
        if any(draft.error == UNASKED for draft in drafts):
            raise BudgetReached(
                f"{getattr(self.teacher, 'exhausted', '') or 'the budget is used up'}: {self.n_done:,} of "
                f"{self.n_cases:,} cases are done and kept, and whoever goes on starts from them."
            )


def _check_errors(n_errors: int, n_asked: int, at_most: float, failed: dict[str, Row]) -> None:
    if n_asked >= FEWEST_FOR_A_RATE and n_errors > at_most * n_asked:
        last = next(reversed(failed.values())).reason.rstrip(".") if failed else "see the store"
        raise TooManyErrors(
            f"{n_errors:,} of the {n_asked:,} rows asked for failed, more than {at_most:.0%}; the last: {last}. "
            "All rows are kept; queue the run again once the teacher answers, and only the rest is asked."
        )


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
