"""Where repeats, attention checks, gold cards and a re-check stand among the cards of the main study.

The main cards keep their order, and what is inserted only moves them further apart: the balance of a design and the
gap between cards of one case hold as if nothing had been inserted.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

MAIN, REPEAT, ATTENTION, GOLD, RECHECK = "main", "repeat", "attention", "gold", "recheck"
KINDS = (MAIN, REPEAT, ATTENTION, GOLD, RECHECK)


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of an annotator's sequence."""

    kind: str
    """One of KINDS."""
    which: int
    """The place in the main sequence of what is shown, or shown again; of all else the number in its own set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """How much is inserted into one annotator's sequence."""

    n_repeats: int = 0
    repeat_gap: int = 1
    """A repeat comes at least so many places after what it repeats."""
    case_gap: int = 1
    """And so far from other cards of the same case where there is room for that."""
    n_attention: int = 0
    n_gold: int = 0
    n_reference: int = 0
    """Cards with reference marks, from which gold cards and those of the re-check are drawn, none of them twice."""
    n_recheck: int = 0
    recheck_after: int = 0
    """So many main cards come before the re-check, whose cards follow one another."""


class NoRoom(ValueError):
    """So much cannot be hidden in so short a sequence; the message says what can."""


def most_repeats(n_main: int, gap: int) -> int:
    """How many of n_main cards can be repeated, each at least `gap` places later."""
    return max(0, n_main - gap)


def hide(cases: Sequence[Hashable], hidden: Hidden, rng: np.random.Generator) -> list[Entry]:
    """The whole sequence of one annotator.

    Repeats: among main cards and repeats, every place from `repeat_gap` on is as likely as any other to be a
    repeat's, and two repeats never touch. What is repeated is drawn among the cards far enough before, those of which
    a sibling stands nearer than `case_gap` only where there are no others; earlier cards are therefore repeated more
    often than late ones.
    Attention checks and gold cards: every place of the sequence is as likely as any other, the re-check aside, and
    they keep half their mean distance from each other, the ends taken as neighbours.
    Draws with replacement of nothing: no card is repeated twice, no gold card is in the re-check as well.

    Args:
        cases: the case of each main card, in the order they are met; side by side, of each board.
        hidden: how much of what.
        rng: the annotator's own stream.

    Raises:
        NoRoom: more repeats or reference cards than there can be, or a re-check after more cards than there are.
    """
    n_main = len(cases)
    _refuse(n_main, hidden)
    entries = _with_repeats(cases, hidden, rng)
    references = [int(i) for i in rng.permutation(hidden.n_reference)]
    checks = [Entry(ATTENTION, i) for i in range(hidden.n_attention)]
    checks += [Entry(GOLD, i) for i in references[hidden.n_recheck : hidden.n_recheck + hidden.n_gold]]
    places = spread(len(entries) + len(checks), len(checks), rng)
    waiting = [checks[int(i)] for i in rng.permutation(len(checks))]
    stream = iter(entries)
    taken = set(places)
    sequence = [
        waiting.pop() if place in taken else next(stream) for place in range(len(entries) + len(checks))
    ]
    if hidden.n_recheck:
        mains = [place for place, entry in enumerate(sequence) if entry.kind == MAIN]
        at = mains[hidden.recheck_after - 1] + 1
        sequence[at:at] = [Entry(RECHECK, i) for i in references[: hidden.n_recheck]]
    return sequence


def spread(n_places: int, n: int, rng: np.random.Generator) -> list[int]:
    """n of n_places, each place equally likely, any two at least half their mean distance apart (round the end too).

    Drawn on a circle and turned by a random angle, which makes every place as likely as any other exactly.

    Returns:
        sorted places, from 0.
    """
    if not n:
        return []
    if n > n_places:
        raise NoRoom(f"{n} places of {n_places} cannot be chosen.")
    least = max(1, n_places // (2 * n), min(2, n_places // n))
    slack = n_places - n * least
    bars = np.sort(rng.choice(slack + n - 1, n - 1, replace=False)) if n > 1 else np.empty(0, dtype=np.int64)
    extra = np.diff(np.concatenate([[-1], bars, [slack + n - 1]])) - 1  # a weak composition of the slack
    steps = least + extra
    start = int(rng.integers(n_places))
    return sorted(int(place) for place in (start + np.cumsum(steps)) % n_places)


def _refuse(n_main: int, hidden: Hidden) -> None:
    if hidden.n_repeats > (most := most_repeats(n_main, hidden.repeat_gap)):
        raise NoRoom(
            f"With {n_main} cards and at least {hidden.repeat_gap} places between a card and its repeat, {most} can "
            f"be repeated and not {hidden.n_repeats}: plan fewer repeats, or let them come sooner."
        )
    if hidden.n_gold + hidden.n_recheck > hidden.n_reference:
        raise NoRoom(
            f"{hidden.n_gold} gold cards and {hidden.n_recheck} of the re-check need as many cards with reference "
            f"marks, and there are {hidden.n_reference}: plan fewer, or mark more."
        )
    if hidden.n_recheck and not 1 <= hidden.recheck_after <= n_main:
        raise NoRoom(
            f"A re-check after {hidden.recheck_after} cards is never reached by somebody who has {n_main}: let it come "
            "sooner."
        )


def _with_repeats(cases: Sequence[Hashable], hidden: Hidden, rng: np.random.Generator) -> list[Entry]:
    """Main cards and repeats alone.

    Repeats stand two places apart or more, so before the i-th of them at least i main cards are far enough away:
    there is always one left that was not repeated yet.
    """
    n, gap = hidden.n_repeats, hidden.repeat_gap
    total = len(cases) + n
    places = [gap + place for place in spread(total - gap, n, rng)] if n else []
    at: list[int] = [place for place in range(total) if place not in set(places)]  # place of each main card
    met: dict[Hashable, list[int]] = {}
    for main, place in enumerate(at):
        met.setdefault(cases[main], []).append(place)
    entries = dict(zip(at, (Entry(MAIN, main) for main in range(len(cases))), strict=True))
    repeated: set[int] = set()
    for place in places:
        ready = [main for main in range(len(cases)) if at[main] <= place - gap and main not in repeated]
        room = {
            main: min((abs(place - one) for one in met[cases[main]] if one != at[main]), default=total)
            for main in ready
        }
        far = [main for main in ready if room[main] >= hidden.case_gap]
        ready = far or [main for main in ready if room[main] == max(room.values())]
        chosen = ready[int(rng.integers(len(ready)))]
        repeated.add(chosen)
        met[cases[chosen]].append(place)
        entries[place] = Entry(REPEAT, chosen)
    return [entries[place] for place in range(total)]
