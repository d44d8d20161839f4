"""Another recommender's picks, from a file: user, item, maybe rank (1 is best) or score (more is better)."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from generation.pipeline.artefacts import hash_file
from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.logs.fields import BadField, read_id, read_rating
from generation.pipeline.logs.lines import read_lines
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from generation.pipeline.rankers.interface import NO_PICK, NotFitted, seen_before, tie_order


class CsvPicks:
    """Reads the file when it is fitted; a user's best item that they have not met before is the pick."""

    def __init__(self, path: Path, *, max_rejected_share: float, rejected: Rejected) -> None:
        if not path.is_file():
            raise ImportRefused(path.name, "the file is missing", f"Put it at {path}")
        if not 0 <= max_rejected_share <= 1:
            raise ValueError(f"max_rejected_share is a share from 0 to 1, not {max_rejected_share}")
        self._path = path
        self._max_rejected_share = max_rejected_share
        self.rejected = rejected
        self.signature: dict[str, Any] = {"ranker": "csv", "file_sha256": hash_file(path)}
        self._picks: dict[int, list[int]] | None = None

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        """Read the file against this corpus; the interactions are not looked at.

        Raises:
            ImportRefused: not UTF-8, a header without user and item, no good row, or too many bad ones.
        """
        users = {user: code for code, user in enumerate(corpus.users)}
        items = {item.id: code for code, item in enumerate(corpus.items)}
        ties = tie_order(corpus)
        ranked: dict[int, dict[int, tuple[float, int]]] = defaultdict(dict)
        n_good = 0
        for line, row in self._rows():
            try:
                user = _look_up("user", row["user"], users)
                item = _look_up("item", row["item"], items)
                if item in ranked[user]:
                    raise BadField("row", "this user has this item twice", "Keep one of them")
                ranked[user][item] = (_worth(row, line), int(ties[item]))
                n_good += 1
            except BadField as problem:
                self._reject(line, problem, row)
        self._refuse_too_many(n_good)
        self._picks = {user: sorted(worth, key=worth.__getitem__) for user, worth in ranked.items()}

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        picks: np.ndarray = self.top(corpus, rows, 1)[:, 0]
        return picks

    def top(self, corpus: CorpusData, rows: np.ndarray, k: int) -> np.ndarray:
        """The first `k` unseen items of each list, best first, (n, k); NO_PICK fills the rest."""
        if self._picks is None:
            raise NotFitted("csv")
        best = np.full((len(rows), k), NO_PICK, dtype=np.int64)
        for index, row in enumerate(rows.tolist()):
            seen = set(seen_before(corpus, row).tolist())
            listed = self._picks.get(int(corpus.user[row]), [])
            unseen = [item for item in listed if item not in seen][:k]
            best[index, : len(unseen)] = unseen
        return best

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        header: list[str] = []
        for line, text in read_lines(self._path, rejected=self.rejected):
            try:
                fields = next(csv.reader([text], strict=True), [])
            except csv.Error:
                if line == 1:
                    _check_header(self._path.name, [text])
                problem = BadField(
                    "row", "has a quote that does not close", "Double the quotes inside a field"
                )
                self._reject(line, problem, text)
                continue
            if line == 1:
                header = [name.strip().lower() for name in fields]
                _check_header(self._path.name, header)
            elif fields and len(fields) != len(header):
                problem = BadField("row", f"has {len(fields)} fields, not {len(header)}", "Fill every column")
                self._reject(line, problem, text)
            elif fields:
                yield line, dict(zip(header, fields, strict=True))

    def _reject(self, line: int, problem: BadField, found: object) -> None:
        self.rejected.add(self._path.name, line, problem.field, problem.reason, problem.remedy, found)

    def _refuse_too_many(self, n_good: int) -> None:
        n_bad = self.rejected.count(self._path.name)
        if n_good == 0 or n_bad / (n_good + n_bad) > self._max_rejected_share:
            first = f"; the first is {self.rejected.rows[0]}".rstrip(".") if self.rejected.rows else ""
            reason = f"{n_bad} of {n_good + n_bad} rows are bad{first}"
            raise ImportRefused(
                self._path.name, reason, "Mend the file, or allow more bad rows", self.rejected
            )


def _check_header(file: str, header: list[str]) -> None:
    if not {"user", "item"} <= set(header) or len(set(header)) != len(header):
        reason = f"the first line is {','.join(header)[:80]!r}"
        raise ImportRefused(file, reason, "Begin with the header user,item or user,item,rank,score")


def _look_up(field: str, value: str, codes: dict[str, int]) -> int:
    name = read_id(field, value)
    if name not in codes:
        raise BadField(field, f"{name!r} is not in the corpus", "Use the ids of the imported log")
    return codes[name]


def _worth(row: dict[str, str], line: int) -> float:
    """Smaller is better: the rank, else the score turned round, else the order of the file."""
    if row.get("rank", "").strip():
        return read_rating("rank", row["rank"], lowest=0)
    if row.get("score", "").strip():
        return -read_rating("score", row["score"])
    if "rank" in row or "score" in row:
        raise BadField("rank" if "rank" in row else "score", "is empty", "Fill the column, or leave it out")
    return float(line)


def load(*, path: str | Path, max_rejected_share: float = 0.01, rejected: Rejected | None = None) -> CsvPicks:
    """Open the file of picks.

    Raises:
        ImportRefused: the file is missing.
    """
    collector = rejected if rejected is not None else Rejected()
    return CsvPicks(Path(path), max_rejected_share=max_rejected_share, rejected=collector)
