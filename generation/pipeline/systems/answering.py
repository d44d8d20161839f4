"""What all systems owe: order and ids kept, prompt echoes removed, and a status for the case that went
wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from generation.pipeline.records import Case, Decoding, Explanation, Prompt, Signature, Status
from generation.pipeline.teacher.interface import Draft
from generation.pipeline.teacher.screening import EMPTY, PROMPT_ECHO, screen, strip_echo

Write = Callable[[Sequence[Case], Sequence[Prompt]], Sequence[Draft]]


def answer(
    cases: Sequence[Case],
    *,
    render: Callable[[Case], Prompt],
    write: Write,
    signature: Signature,
    unknown: Callable[[Case], bool] = lambda case: False,
) -> list[Explanation]:
    """One explanation a case, in the order of the cases; whatever fails for a case stays with that case.

    Args:
        render: the prompt of a case; may refuse it.
        write: drafts for many cases at once. When it fails the cases are tried one by one, so that the one to
            blame is found and the others keep their texts.
        unknown: whether the user of a case has no row.
    """
    prompts: dict[int, Prompt] = {}
    problems: dict[int, str] = {}
    for index, case in enumerate(cases):
        try:
            prompts[index] = render(case)
        except Exception as problem:  # whatever a case does to a renderer, the others go on
            problems[index] = _words(problem)
    drafts = _drafts(cases, prompts, problems, write)
    return [
        _failed(case, problems[index], signature, unknown(case))
        if index in problems
        else _finished(case, prompts[index], drafts[index], signature, unknown(case))
        for index, case in enumerate(cases)
    ]


def _drafts(
    cases: Sequence[Case], prompts: Mapping[int, Prompt], problems: dict[int, str], write: Write
) -> dict[int, Draft]:
    indices = list(prompts)
    if not indices:
        return {}
    try:
        drafts = write([cases[i] for i in indices], [prompts[i] for i in indices])
        return dict(zip(indices, drafts, strict=True))
    except Exception as problem:
        if len(indices) == 1:
            problems[indices[0]] = _words(problem)
            return {}
    found: dict[int, Draft] = {}
    for i in indices:
        found.update(_drafts(cases, {i: prompts[i]}, problems, write))
    return found


def _finished(
    case: Case, prompt: Prompt, draft: Draft, signature: Signature, unknown_user: bool
) -> Explanation:
    text = strip_echo(draft.text, prompt)
    reason = screen(text, prompt, case, finished=draft.finished)
    if reason == EMPTY and draft.text.strip():
        reason = PROMPT_ECHO  # it did write, and nothing else
    status: Status = "ok" if reason is None else "empty" if reason == EMPTY else "filtered"
    return Explanation(
        case_id=case.id,
        text=text,
        status=status,
        signature=signature,
        reason=reason or "",
        n_history_shown=len(case.history) - prompt.n_dropped,
        unknown_user=unknown_user,
    )


def _failed(case: Case, problem: str, signature: Signature, unknown_user: bool) -> Explanation:
    return Explanation(
        case_id=case.id,
        text="",
        status="error",
        signature=signature,
        reason=problem,
        unknown_user=unknown_user,
    )


def _words(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"


def as_decoding(decoding: Decoding | Mapping[str, Any] | None, default: Decoding) -> Decoding:
    """A decoding from a record or from JSON values."""
    if decoding is None:
        return default
    return decoding if isinstance(decoding, Decoding) else Decoding(**decoding)


def signed(
    system: str, version: str, *, prompt: str, decoding: Decoding | None, seed: int, **parameters: Any
) -> Signature:
    """A system's signature; `decoding` is None where nothing is decoded."""
    decoded = {} if decoding is None else {"decoding": asdict(decoding)}
    return Signature(system, version, {**parameters, **decoded, "prompt": prompt, "seed": seed})
