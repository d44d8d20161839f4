"""What every system is: something that explains cases."""

from collections.abc import Sequence
from typing import Protocol

from generation.pipeline.records import Case, Explanation, Signature


class System(Protocol):
    """A contestant. It keeps order and ids, and never raises for one bad case: that case gets a status."""

    signature: Signature

    def explain(self, cases: Sequence[Case]) -> list[Explanation]:
        """One explanation a case, in the order of the cases."""
        ...
