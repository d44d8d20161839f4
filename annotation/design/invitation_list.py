"""A list of people to invite, as a CSV file: a link each. Reads, stores nothing."""

import csv
import io

MOST = 2000
LONGEST = 120
COLUMNS = ("name", "label", "email")


class BadList(ValueError):
    """`errors` names line and remedy of each fault."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors


def read_people(text: str) -> list[str]:
    """Whom each link is for, in the order of the file.

    Args:
        text: CSV with a header that has one column called name, label or email; others are passed over.

    Raises:
        BadList: no such column, nobody, too many, or somebody twice.
    """
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as problem:
        raise BadList([f"Line 1: this is no CSV ({problem}): save it as one."]) from None
    header = [name.strip().lower() for name in rows[0]] if rows else []
    found = next((header.index(name) for name in COLUMNS if name in header), None)
    if found is None:
        raise BadList(
            [f"Line 1: the header has no column {', '.join(COLUMNS[:-1])} or {COLUMNS[-1]}: add one."]
        )
    errors: list[str] = []
    first: dict[str, int] = {}
    at: dict[str, int] = {}  # without regard to capitals: one mailbox is one person
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        name = row[found].strip() if found < len(row) else ""
        if not name or not name.isprintable() or len(name) > LONGEST:
            errors.append(f"Line {line}, {header[found]}: give 1 to {LONGEST} characters that can be read.")
        elif (earlier := at.get(name.casefold())) is not None:
            errors.append(f"Line {line}, {header[found]}: {name} stands in line {earlier} too: remove one.")
        else:
            first[name] = at[name.casefold()] = line
    if not errors and not first:
        errors.append("Line 2: nobody is in this list: write a person a line.")
    if len(first) > MOST:
        errors.append(
            f"Line {MOST + 2}: these are {len(first):,} people, more than {MOST:,}: make two lists."
        )
    if errors:
        raise BadList(errors)
    return list(first)
