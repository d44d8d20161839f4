"""Distilled pairs by the hundred thousand: numbers and one long text, out of which a pair is made when it is asked for.

The paper's MovieLens-1M has 894,752. As objects they took 776 bytes each, here 356 (benchmarks/training_pairs.py).
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import overload

from generation.pipeline import prompts
from generation.pipeline.records import Case, Item
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.tokenizer import StudentTokenizer, pretrained_tokenizer, train_tokenizer

PAIRS_AT_ONCE = 4096
"""As many are made, rendered and turned into tokens together."""
TEXTS_OF_A_VOCABULARY = 100_000
"""A vocabulary is learned from so many texts, the first ones; they come in random order."""


@dataclass(frozen=True, slots=True)
class DistilledPair:
    """One row of the paper's D: a case, whose prompt each student renders for itself, and the golden
    explanation."""

    case: Case
    text: str


class PairTable(Sequence[DistilledPair]):
    """Pairs kept as arrays; items, users and splits stand once each."""

    def __init__(self, pairs: Iterable[DistilledPair] = ()) -> None:
        self._items: dict[Item, int] = {}
        self._users: dict[str, int] = {}
        self._splits: dict[str, int] = {}
        self._item, self._user, self._split = array("i"), array("i"), array("b")
        self._history, self._history_ends = array("i"), array("q", [0])
        self._letters, self._letter_ends = bytearray(), array("q", [0])
        """Case id and text of each pair, one after the other."""
        for pair in pairs:
            self._append(pair)
        self._item_of, self._user_of = tuple(self._items), tuple(self._users)
        self._split_of = tuple(self._splits)

    @classmethod
    def of(cls, pairs: Iterable[DistilledPair]) -> "PairTable":
        """The table itself, or one of these pairs."""
        return pairs if isinstance(pairs, PairTable) else cls(pairs)

    def _append(self, pair: DistilledPair) -> None:
        case = pair.case
        self._item.append(self._items.setdefault(case.item, len(self._items)))
        self._user.append(self._users.setdefault(case.user, len(self._users)))
        self._split.append(self._splits.setdefault(case.split, len(self._splits)))
        self._history.extend(self._items.setdefault(item, len(self._items)) for item in case.history)
        self._history_ends.append(len(self._history))
        for letters in (case.id, pair.text):
            self._letters += letters.encode()
            self._letter_ends.append(len(self._letters))

    def __len__(self) -> int:
        return len(self._item)

    @overload
    def __getitem__(self, index: int) -> DistilledPair: ...
    @overload
    def __getitem__(self, index: slice) -> list[DistilledPair]: ...
    def __getitem__(self, index: int | slice) -> DistilledPair | list[DistilledPair]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        history = self._history[self._history_ends[row] : self._history_ends[row + 1]]
        case = Case(
            id=self._read(2 * row),
            user=self._user_of[self._user[row]],
            history=tuple(self._item_of[code] for code in history),
            item=self._item_of[self._item[row]],
            split=self._split_of[self._split[row]],  # type: ignore[arg-type]
        )
        return DistilledPair(case, self._read(2 * row + 1))

    def __iter__(self) -> Iterator[DistilledPair]:
        return (self[row] for row in range(len(self)))

    def _read(self, number: int) -> str:
        return self._letters[self._letter_ends[number] : self._letter_ends[number + 1]].decode()

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item of a case or a history."""
        return self._item_of

    @property
    def users(self) -> tuple[str, ...]:
        return self._user_of

    def texts(self) -> Iterator[str]:
        """The explanations alone."""
        return (self._read(number) for number in range(1, 2 * len(self), 2))


def in_pieces(pairs: Iterable[DistilledPair]) -> Iterator[list[DistilledPair]]:
    source = iter(pairs)
    while piece := list(islice(source, PAIRS_AT_ONCE)):
        yield piece


def make_tokenizer(
    config: StudentConfig, pairs: Iterable[DistilledPair], catalogue: Iterable[Item] = ()
) -> StudentTokenizer:
    """The pretrained BART's own, or a byte BPE of the training texts with the known titles as tokens if
    asked for."""
    if config.pretrained:
        return pretrained_tokenizer(config.pretrained)
    table = PairTable.of(pairs)
    items = {*table.items, *catalogue}
    titles = [item.label for item in items] if config.title_tokens else []
    texts = list(islice(table.texts(), TEXTS_OF_A_VOCABULARY))
    if not config.title_tokens:
        texts += sorted(item.label for item in items)
    texts += [
        prompts.render(pair.case, version=config.prompt_version, max_titles=2).text for pair in table[:100]
    ]
    return train_tokenizer(texts, vocab_size=config.vocab_size, titles=titles)


def user_rows(pairs: PairTable) -> dict[str, int]:
    """A row, from 1, for each user with a training pair; the order of names, so that the log's order
    cannot leak."""
    return {user: row for row, user in enumerate(sorted(pairs.users), start=1)}
