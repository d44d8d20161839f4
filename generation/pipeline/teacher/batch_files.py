"""Work done elsewhere: questions and answers as the JSON lines of OpenAI's Batch and of `vllm run-batch`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.pipeline.records import Case, Decoding, Prompt, Signature
from generation.pipeline.teacher.completions import read_completion, request_body
from generation.pipeline.teacher.distilling import row_key
from generation.pipeline.teacher.interface import UNASKED, Draft, Teacher

ROWS_A_FILE = 50_000
"""What one batch may hold at OpenAI."""
LONGEST_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of an answers' file from which no row was made."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Answers:
    """Drafts by custom_id, and what was wrong with the other lines."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Where each draft stood."""
    bad: list[BadLine] = field(default_factory=list)


def question(key: str, prompt: Prompt, *, model: str, decoding: Decoding, seed: int) -> str:
    """One line of a batch's input; the custom_id is the row's key."""
    body = {**request_body(model, decoding, seed), "messages": [{"role": "user", "content": prompt.text}]}
    line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line, ensure_ascii=False) + "\n"


def read_answers(files: Iterable[tuple[str, Iterable[bytes]]]) -> Answers:
    """Answers out of named files, line by line; later answers to the same question are left out and named."""
    found = Answers()
    for name, lines in files:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                key, draft = _answer(line)
                if key in found.drafts:
                    raise ValueError(f"custom_id {key[:80]!r} stands in line {found.lines[key][1]} already")
            except ValueError as problem:
                found.bad.append(BadLine(name, number, str(problem)))
            else:
                found.drafts[key], found.lines[key] = draft, (name, number)
    return found


def _answer(line: bytes) -> tuple[str, Draft]:
    if len(line) > LONGEST_LINE:
        raise ValueError(f"longer than {LONGEST_LINE:,} bytes")
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("not JSON: was the file cut?") from None
    key = answer.get("custom_id") if isinstance(answer, dict) else None
    if not isinstance(key, str):
        raise ValueError("no custom_id: this is no line of a batch's output")
    response, error = answer.get("response"), answer.get("error")
    status = response.get("status_code") if isinstance(response, dict) else None
    if error or status != 200:
        return key, Draft("", error=f"batch: {_words(error or response)}")
    return key, read_completion(response.get("body"))


def _words(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False)[:300]


@dataclass(frozen=True, slots=True)
class AnsweredTeacher:
    """Stands for the teacher whose answers are here already: the same signature, so the same rows."""

    teacher: Teacher
    drafts: dict[str, Draft]

    @property
    def signature(self) -> Signature:
        return self.teacher.signature

    @property
    def prompt_version(self) -> str:
        return self.teacher.prompt_version

    @property
    def budget(self) -> int | None:
        return self.teacher.budget

    @property
    def reads_user(self) -> bool:
        return self.teacher.reads_user

    exhausted = (
        "this run is answered by batch files, and some are missing (export_batch writes the questions, "
        "import_batch reads the answers; then queue the run again)"
    )

    def count_tokens(self, text: str) -> int:
        return self.teacher.count_tokens(text)

    def write(
        self, cases: Sequence[Case], prompts: Sequence[Prompt], *, decoding: Decoding, seed: int
    ) -> list[Draft]:
        keys = self.keys(cases, prompts, decoding=decoding, seed=seed)
        return [self.drafts.get(key, Draft("", error=UNASKED)) for key in keys]

    def keys(
        self, cases: Sequence[Case], prompts: Sequence[Prompt], *, decoding: Decoding, seed: int
    ) -> Iterator[str]:
        for case, prompt in zip(cases, prompts, strict=True):
            yield row_key(self.teacher, case, prompt, decoding, seed)
