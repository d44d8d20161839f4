"""What a metric is: texts in, numbers out, and a signature that says how they were made."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from generation.pipeline.records import Item


@dataclass(frozen=True, slots=True)
class Text:
    """One explanation as a metric sees it: with its evidence and its reference, and without any rating."""

    case: str
    system: str
    explanation: str
    item: Item
    history: tuple[Item, ...] = ()
    """The history the system was really shown, oldest first."""
    reference: str = ""
    """The text to compare with; empty where there is none."""
    instruction: str = ""
    """The words a prompt puts around history and item; empty where nobody knows them."""
    influence: tuple[float, ...] = ()
    """How much each item of the history weighed in the ranker's choice; empty where the ranker does not say."""


@dataclass(frozen=True, slots=True)
class MetricSignature:
    """What was computed, by which version, with which parameters, against whose references."""

    name: str
    version: str
    parameters: dict[str, Any] = field(default_factory=dict)
    references: str = ""
    """The system that wrote the references; empty where the metric uses none."""

    def __str__(self) -> str:
        parts = [f"{key}:{_plain(value)}" for key, value in sorted(self.parameters.items())]
        if self.references:
            parts.append(f"references:{self.references}")
        return "|".join([self.name, *parts, f"version:{self.version}"])


class NotComputable(ValueError):
    """A metric has all it needs, and yet has no number with it; says why."""


class Metric(Protocol):
    """One number a text."""

    @property
    def signature(self) -> MetricSignature: ...

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        """Shape (n_texts,), in the order given; NaN where the metric is undefined for a text, never 0."""
        ...


class CorpusMetric(Protocol):
    """One number for all texts of one system: no value for a single text, so it correlates with nothing."""

    @property
    def signature(self) -> MetricSignature: ...

    def measure(self, texts: Sequence[Text]) -> float:
        """NaN where undefined, as for no texts at all."""
        ...


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
