"""What a ranker asks of the online stage, read strictly: (user, history, item) to a Case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generation.pipeline.records import Case, Item

MOST_REQUESTS = 64
MOST_HISTORY = 500
LONGEST = 300
"""Characters of an id, a title or a name."""


class BadRequest(ValueError):
    """Fields at fault, by their path in the body, with what to do."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        super().__init__("; ".join(f"{path}: {words}" for path, words in faults.items()))


@dataclass(slots=True)
class _Reader:
    """Reads one body, collecting every fault with its path."""

    items: Mapping[str, Item]
    faults: dict[str, str] = field(default_factory=dict)

    def case(self, value: Any, path: str) -> Case | None:
        if not isinstance(value, dict):
            self._fault(path, "an object with user, history and item")
            return None
        for name in sorted(value.keys() - {"user", "history", "item"}):
            self.faults[_join(path, name)] = "unknown field; there are user, history and item"
        user = value.get("user")
        if user is not None and not (isinstance(user, str) and len(user) <= LONGEST):
            self.faults[_join(path, "user")] = f"text of at most {LONGEST} characters, or null"
        history = value.get("history")
        if not isinstance(history, list) or not 1 <= len(history) <= MOST_HISTORY:
            self._fault(_join(path, "history"), f"a list of 1 to {MOST_HISTORY} items, oldest first")
            history = []
        past = [self.item(one, f"{_join(path, 'history')}[{index}]") for index, one in enumerate(history)]
        item = self.item(value.get("item"), _join(path, "item"))
        if self.faults or item is None:
            return None
        shown = tuple(one for one in past if one is not None)
        return Case(Case.identify(user or "", shown, item), user or "", shown, item, "test")

    def item(self, value: Any, path: str) -> Item | None:
        """An id of the student's catalogue, or an item described whole."""
        if isinstance(value, str):
            if (known := self.items.get(value)) is None:
                self._fault(path, "no item of the catalogue has this id; describe it: {title, year}")
                return None
            return known
        if not isinstance(value, dict):
            self._fault(path, "an id of the catalogue, or an object with a title")
            return None
        for name in sorted(value.keys() - {"id", "title", "year", "genres", "directors"}):
            self.faults[_join(path, name)] = "unknown field; there are id, title, year, genres and directors"
        title, year = value.get("title"), value.get("year")
        if not isinstance(title, str) or not title.strip() or len(title) > LONGEST:
            self._fault(_join(path, "title"), f"text of 1 to {LONGEST} characters")
            return None
        if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
            self._fault(_join(path, "year"), "a whole number, or null")
            return None
        genres, directors = (self._names(value, name, path) for name in ("genres", "directors"))
        identity = value.get("id", title)
        if not isinstance(identity, str) or not 1 <= len(identity) <= LONGEST:
            self._fault(_join(path, "id"), f"text of 1 to {LONGEST} characters")
            return None
        return Item(identity, title.strip(), year, genres, directors)

    def _names(self, value: Mapping[str, Any], name: str, path: str) -> tuple[str, ...]:
        names = value.get(name, [])
        good = isinstance(names, list) and all(
            isinstance(one, str) and 0 < len(one) <= LONGEST for one in names
        )
        if good and len(names) <= 20:
            return tuple(names)
        self._fault(_join(path, name), "a list of at most 20 texts")
        return ()

    def _fault(self, path: str, words: str) -> None:
        self.faults[path] = words


def read_requests(body: Any, items: Mapping[str, Item]) -> list[Case]:
    """The cases of a body: one request as an object, or a list of them.

    Args:
        items: the student's catalogue, by id.

    Raises:
        BadRequest: names each field at fault.
    """
    many = body if isinstance(body, list) else [body]
    if not 1 <= len(many) <= MOST_REQUESTS:
        raise BadRequest({"requests": f"1 to {MOST_REQUESTS} at a time, not {len(many)}"})
    reader = _Reader(items)
    cases = [
        reader.case(one, f"[{index}]" if isinstance(body, list) else "") for index, one in enumerate(many)
    ]
    if reader.faults:
        raise BadRequest(reader.faults)
    return [case for case in cases if case is not None]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
