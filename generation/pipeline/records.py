"""The frozen things that travel through the pipeline and out of its door. Read this file first."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Split = Literal["train", "valid", "test", "cold"]
"""`cold` holds users the student never trained on."""

Status = Literal["ok", "empty", "filtered", "error"]


@dataclass(frozen=True, slots=True)
class Item:
    """A thing that can be recommended, as its catalogue describes it."""

    id: str
    title: str
    """Article un-inverted ("The Matrix"), without the year."""
    year: int | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What people and prompts see: "Title (Year)", or the title where no year is known."""
        return f"{self.title} ({self.year})" if self.year is not None else self.title


@dataclass(frozen=True, slots=True)
class Interaction:
    """One line of a log: this user met this item at this time."""

    user: str
    item: str
    at: datetime
    rating: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be explained: a user, the history shown, the recommended item. No ranker, no system."""

    id: str
    """Hash of corpus, user, history and item: the same case has the same id in every run."""
    user: str
    history: tuple[Item, ...]
    """Oldest first; at most the last 50."""
    item: Item
    split: Split

    @staticmethod
    def identify(user: str, history: tuple[Item, ...], item: Item) -> str:
        parts = [user, [past.id for past in history], item.id]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt, with how many of the oldest titles were dropped to make it fit."""

    text: str
    version: str
    n_dropped: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Decoding:
    """Every generation parameter, always explicit: a checkpoint's own defaults are never trusted."""

    max_new_tokens: int = 64
    num_beams: int = 1
    do_sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    no_repeat_ngram_size: int = 0
    min_new_tokens: int = 0
    no_repeat_titles: bool = False
    """Name no film twice in one text; only writers whose vocabulary has a token a title can promise it."""

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1 or self.num_beams < 1 or self.no_repeat_ngram_size < 0:
            raise ValueError(f"impossible decoding parameters: {self}")
        if self.do_sample and self.temperature <= 0:
            raise ValueError(f"sampling needs a temperature above 0, not {self.temperature}")


@dataclass(frozen=True, slots=True)
class Signature:
    """Where a text came from, so that it can be made again. Parsed by nobody, printed everywhere."""

    system: str
    version: str
    parameters: dict[str, Any] = field(default_factory=dict)
    """Model or artefact hash, prompt version, decoding, seed: JSON values only."""

    def __str__(self) -> str:
        parts = [f"{name}:{_plain(value)}" for name, value in sorted(self.parameters.items())]
        return "|".join([self.system, *parts, f"version:{self.version}"])


@dataclass(frozen=True, slots=True)
class Explanation:
    """One text by one system for one case; `status` other than ok says why there is no usable text."""

    case_id: str
    text: str
    status: Status
    signature: Signature
    reason: str = ""
    """Why the status is not ok, in words; empty otherwise."""
    n_history_shown: int = 0
    """How many history items the system was really shown, the newest ones."""
    unknown_user: bool = False


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
