"""`python -m tests.reference`: every published number Prism computes again, as one table; exit 1 where one parts."""

import sys
import time
from pathlib import Path

from tests.reference.checks import CHECKS, Check, Outcome, outcome

SETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ratings"
HEADS = ("set", "what", "published", "reproduced", "exceptions", "tolerance", "source")


def main() -> int:
    have = SETS.is_dir()
    run = [check for check in CHECKS if have or not check.shared]
    begun = time.perf_counter()
    found = [(check, outcome(check, SETS)) for check in run]
    print(table(found))
    n, same = (sum(getattr(one, name) for _, one in found) for name in ("n_published", "n_reproduced"))
    seconds = time.perf_counter() - begun
    print(f"\n{same:,} of {n:,} published numbers reproduced by {len(run)} checks in {seconds:.1f} s.")
    for check, one in found:
        if one.expected:
            print(f"{len(one.expected)} exceptions in {check.set}, {check.what}: {check.why}.")
    if not have:
        print(f"{len(CHECKS) - len(run)} checks left out: the rating sets are not at {SETS}.")
    wrong = [(check, row) for check, one in found for row in one.unexpected]
    wrong_counts = [check for check, one in found if len(one.expected) != check.n_exceptions]
    for check, row in wrong[:20]:
        print(
            f"NOT REPRODUCED {check.set}, {row.name}: published {row.published}, found {row.found!r}",
            file=sys.stderr,
        )
    for check in wrong_counts:
        print(f"OTHER EXCEPTIONS THAN {check.n_exceptions} in {check.set}, {check.what}", file=sys.stderr)
    return 1 if wrong or wrong_counts else 0


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
