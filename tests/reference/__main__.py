"""`python -m tests.reference`: published numbers that Prism computes again, in one table, and in another those that
were computed apart; exit 1 where one parts."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.reference.checks import CHECKS, Check, Outcome, outcome
from tests.reference.golden import GOLDEN

SETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ratings"
HEADS = ("set", "what", "numbers", "reproduced", "exceptions", "tolerance", "source")


def main() -> int:
    have = SETS.is_dir()
    begun = time.perf_counter()
    good = _run(CHECKS, "published numbers", have=have)
    if have:
        print()
        good &= _run(GOLDEN, "numbers that were computed apart, where the source prints none", have=have)
    else:
        left_out = sum(check.shared for check in (*CHECKS, *GOLDEN))
        print(f"{left_out} checks left out: the rating sets are not at {SETS}.")
    print(f"{time.perf_counter() - begun:.1f} s.")
    return 0 if good else 1


def _run(checks: Sequence[Check], what: str, *, have: bool) -> bool:
    """Whether all numbers come out but those that the source has wrong; prints their table."""
    found = [(check, outcome(check, SETS)) for check in checks if have or not check.shared]
    print(table(found))
    n, same = (sum(getattr(one, name) for _, one in found) for name in ("n_published", "n_reproduced"))
    print(f"\n{same:,} of {n:,} {what} reproduced by {len(found)} checks.")
    for check, one in found:
        if one.expected:
            print(f"{len(one.expected)} exceptions in {check.set}, {check.what}: {check.why}.")
    wrong = [(check, row) for check, one in found for row in one.unexpected]
    wrong_counts = [check for check, one in found if len(one.expected) != check.n_exceptions]
    for check, row in wrong[:20]:
        print(
            f"NOT REPRODUCED {check.set}, {row.name}: published {row.published}, found {row.found!r}",
            file=sys.stderr,
        )
    for check in wrong_counts:
        print(f"OTHER EXCEPTIONS THAN {check.n_exceptions} in {check.set}, {check.what}", file=sys.stderr)
    return not wrong and not wrong_counts


def table(found: list[tuple[Check, Outcome]]) -> str:
    """In Markdown, in columns that a terminal shows as such."""
    rows = [HEADS, *(_row(check, one) for check, one in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _row(check: Check, one: Outcome) -> tuple[str, ...]:
    missed = len(one.expected) + len(one.unexpected)
    counts = (f"{one.n_published:,}", f"{one.n_reproduced:,}", f"{missed:,}")
    return (check.set, check.what, *counts, check.tolerance, check.source)


if __name__ == "__main__":
    sys.exit(main())
