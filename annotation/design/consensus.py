"""Reference marks that named experts agree on: what their own marks come to, and where they must talk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from annotation.design.blinding import visible
from annotation.design.gold_row import GoldRow

SETTLED = "consensus"
"""The expert whose row says what the experts settled on together."""
CLOSE = 1
"""Marks that lie further apart are not averaged away: the experts read the card, or the question, differently."""


@dataclass(frozen=True, slots=True)
class ExpertRow:
    """What one expert says of one card, as if it were the reference."""

    line: int
    expert: str
    gold: GoldRow


def settle(rows: Sequence[ExpertRow], criteria: Sequence[str]) -> tuple[list[GoldRow], list[str]]:
    """The experts' consensus on each card, in the order of the file.

    A reference is the median of the experts' marks where it is a whole number and they lie within one of each other;
    anywhere else a row of the expert called `consensus` says what they settled on.

    Returns:
        the cards with their consensus and the experts' own marks, and what is wrong, with line, field and remedy.
    """
    errors: list[str] = []
    cards: dict[tuple[str, str], list[ExpertRow]] = {}
    for row in rows:
        cards.setdefault(_identity(row.gold), []).append(row)
    experts = sorted({row.expert for row in rows} - {SETTLED})
    if len(experts) < 2:
        errors.append(f"Line {rows[0].line}, expert: a consensus needs two experts at least.")
    settled = []
    for given in cards.values():
        by_name: dict[str, ExpertRow] = {}
        for row in given:
            if row.expert in by_name:
                errors.append(
                    f"Line {row.line}, expert: {row.expert} marked this card in line {by_name[row.expert].line} too."
                )
            by_name[row.expert] = row
        last = given[-1].line
        if missing := [name for name in experts if name not in by_name]:
            errors.append(f"Line {last}, expert: {', '.join(missing)} did not mark this card.")
            continue
        marks: dict[str, int] = {}
        reasons: dict[str, str] = {}
        of_experts: dict[str, dict[str, int]] = {}
        for key in criteria:
            of_experts[key] = {name: by_name[name].gold.marks[key] for name in experts}
            said = _settled(of_experts[key], by_name.get(SETTLED), key)
            if said is None:
                told = ", ".join(f"{name} {mark}" for name, mark in of_experts[key].items())
                errors.append(
                    f"Line {last}, {key}: the experts differ ({told}); settle it and add a row of expert {SETTLED}."
                )
                continue
            marks[key] = said
            reasons[key] = _reason(by_name, key)
        settled.append(replace(given[0].gold, marks=marks, rationales=reasons, experts=of_experts))
    return settled, errors


def _identity(gold: GoldRow) -> tuple[str, str]:
    """A card is told by its text and its item; who marks it writes both the same."""
    return " ".join(visible(gold.text).split()), str(sorted(gold.item.items(), key=str))


def _settled(marks: Mapping[str, int], consensus: ExpertRow | None, key: str) -> int | None:
    if consensus is not None:
        return int(consensus.gold.marks[key])
    middle = median(marks.values())
    if max(marks.values()) - min(marks.values()) > CLOSE or middle != int(middle):
        return None
    return int(middle)


def _reason(by_name: Mapping[str, ExpertRow], key: str) -> str:
    """That of the consensus; without one, the experts' own, each once."""
    if SETTLED in by_name and (said := by_name[SETTLED].gold.rationales[key]):
        return said
    return " ".join(dict.fromkeys(filter(None, (row.gold.rationales[key] for row in by_name.values()))))
