"""Hypotheses of a plan: which system people will rate higher on which criterion, said before anybody judged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches

MOST = 100
"""So many hypotheses at most: a plan that expects everything expects nothing."""
SIGN = re.compile(r"\s(>|<|!=|≠)\s")
FORM = "write “criterion: system > other system”, or != where you expect a difference of either direction"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One expectation, to be tested once."""

    criterion: str
    """Key."""
    first: str
    """Name of a system; the one expected to be rated higher, where one is."""
    second: str
    expects: str
    """`higher`: a one-sided test that `first` is rated higher; `different`: a two-sided one."""

    def __str__(self) -> str:
        return f"{self.criterion}: {self.first} {'>' if self.expects == 'higher' else '!='} {self.second}"


def read_hypotheses(
    text: str, *, criteria: Mapping[str, str], systems: Mapping[str, str]
) -> tuple[list[Hypothesis], list[str]]:
    """One hypothesis a line; empty lines are skipped.

    Args:
        criteria: key to name; a line may use either.
        systems: name to label; a line may use either.

    Returns:
        The hypotheses, and what is wrong with the lines that are none, a sentence each.
    """
    found: list[Hypothesis] = []
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        read = _read(line, criteria, systems)
        if isinstance(read, str):
            faults.append(f"Hypothesis on line {number}: {read}.")
        elif any(
            (read.criterion, {read.first, read.second}) == (h.criterion, {h.first, h.second}) for h in found
        ):
            faults.append(
                f"Hypothesis on line {number}: this pair on this criterion stands above already; keep one."
            )
        else:
            found.append(read)
    if len(found) > MOST:
        faults.append(f"{len(found):,} hypotheses are too many; name at most {MOST}.")
    return found, faults


def as_json(hypotheses: Sequence[Hypothesis]) -> list[dict[str, str]]:
    """As the plan keeps them."""
    return [asdict(hypothesis) for hypothesis in hypotheses]


def as_lines(kept: Sequence[Mapping[str, str]]) -> str:
    """What the plan keeps, as a person writes it."""
    return "\n".join(str(Hypothesis(**one)) for one in kept)


def _read(line: str, criteria: Mapping[str, str], systems: Mapping[str, str]) -> Hypothesis | str:
    given, colon, rest = line.partition(":")
    signs = SIGN.findall(rest)
    if not colon or len(signs) != 1:
        return FORM
    first, sign, second = SIGN.split(rest)
    criterion = _known(given, criteria)
    if criterion is None:
        return _unknown("criterion", given, criteria)
    names = [_known(name, systems) for name in (first, second)]
    for name, written in zip(names, (first, second), strict=True):
        if name is None:
            return _unknown("system", written, systems)
    one, other = str(names[0]), str(names[1])
    if one == other:
        return f"“{one}” cannot differ from itself"
    if sign == "<":
        one, other = other, one
    return Hypothesis(criterion, one, other, "higher" if sign in "<>" else "different")


def _known(written: str, names: Mapping[str, str]) -> str | None:
    """The key of what was written as key or as name; exactly, or else whatever its case."""
    text = written.strip()
    if text in names:
        return text
    same = [key for key, name in names.items() if text.casefold() in (key.casefold(), name.casefold())]
    return same[0] if len(same) == 1 else None


def _unknown(what: str, written: str, names: Mapping[str, str]) -> str:
    close = get_close_matches(written.strip(), list(names), n=1)
    hint = f"; did you mean “{close[0]}”?" if close else ""
    return f"there is no {what} “{written.strip()}”, only {', '.join(names)}{hint}"
