"""What every log format is: something that reads a catalogue and who met what in it, and when."""

from collections.abc import Iterator
from typing import Protocol

from generation.pipeline.logs.rejected import Rejected
from generation.pipeline.records import Interaction, Item


class LogFormat(Protocol):
    """A log on disk (or made up), read one row at a time; never held whole.

    A bad row is added to `rejected` and skipped. What makes the whole file unusable raises `ImportRefused`.
    Each row comes with its line number, so that `write_corpus` can name the line of a row that only turns out
    to be bad beside the others: a duplicate, an item the catalogue does not know.
    """

    items_file: str
    """How people know the file the items come from."""
    interactions_file: str
    rejected: Rejected

    def items(self) -> Iterator[tuple[int, Item]]: ...

    def interactions(self) -> Iterator[tuple[int, Interaction]]: ...
