"""A calibration card with its reference marks, as a file brings it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class GoldRow:
    """One calibration card with its gold."""

    text: str
    history: tuple[Mapping[str, Any], ...]
    item: Mapping[str, Any]
    marks: Mapping[str, int]
    rationales: Mapping[str, str]
    experts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Criterion -> expert -> mark, where the reference is a consensus."""
