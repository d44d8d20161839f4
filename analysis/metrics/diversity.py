"""Does a system say the same thing to everybody? One number for all its texts together."""

from collections.abc import Iterator, Sequence

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms


class Distinct:
    """Distinct n-grams over all n-grams of a system's texts, in 0..1; n-grams do not cross from text to text.

    The ratio falls as texts grow in number and length, so systems of unequal length must be compared with
    `budget`: only the first `budget` n-grams are counted, texts taken in the order of their case ids; NaN
    when there are fewer, and for no n-grams at all.

    Reference: Li et al. (2016), A Diversity-Promoting Objective Function for Neural Conversation Models.
    """

    def __init__(self, order: int, *, budget: int | None = None) -> None:
        if order < 1 or (budget is not None and budget < 1):
            raise ValueError(f"order and budget must be 1 or more, not {order} and {budget}")
        self.order, self.budget = order, budget
        parameters = {"order": order} | ({"budget": budget} if budget else {})
        self.signature = MetricSignature(name=f"distinct-{order}", version="1", parameters=parameters)

    def measure(self, texts: Sequence[Text]) -> float:
        seen: set[tuple[str, ...]] = set()
        total = 0
        for gram in self._grams(texts):
            if total == self.budget:
                break
            seen.add(gram)
            total += 1
        if total == 0 or (self.budget is not None and total < self.budget):
            return float("nan")
        return len(seen) / total

    def _grams(self, texts: Sequence[Text]) -> Iterator[tuple[str, ...]]:
        for text in sorted(texts, key=lambda text: text.case):
            written = forms(text.explanation)
            for start in range(len(written) - self.order + 1):
                yield tuple(written[start : start + self.order])


class UniqueTexts:
    """Share of a system's texts that it wrote only once or first: distinct texts over texts, in 0..1.

    The recommendation literature calls this USR, unique sentence ratio. Reference: Li et al. (2020), NETE.
    """

    def __init__(self) -> None:
        self.signature = MetricSignature(name="unique-texts", version="1")

    def measure(self, texts: Sequence[Text]) -> float:
        if not texts:
            return float("nan")
        return len({tuple(forms(text.explanation)) for text in texts}) / len(texts)


class UniqueCount:
    """How many distinct texts a system wrote; USN in the literature, the numerator of its USR."""

    def __init__(self) -> None:
        self.signature = MetricSignature(name="unique-texts-count", version="1")

    def measure(self, texts: Sequence[Text]) -> float:
        return float(len({tuple(forms(text.explanation)) for text in texts})) if texts else float("nan")


BUDGET = 500
"""N-grams counted at a fixed budget: what some twenty explanations of 25 words hold."""


def distinct_1() -> Distinct:
    return Distinct(1)


def distinct_2() -> Distinct:
    return Distinct(2)


def distinct_1_budget(*, budget: int = BUDGET) -> Distinct:
    return Distinct(1, budget=budget)


def distinct_2_budget(*, budget: int = BUDGET) -> Distinct:
    return Distinct(2, budget=budget)
