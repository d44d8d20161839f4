"""What a study asks and tells annotators, as data that it copies and may change in its copy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LevelExample:
    """An explanation that deserves the point, and why."""

    explanation: str
    why: str


@dataclass(frozen=True, slots=True)
class CriterionText:
    """One criterion in words: what a study's Criterion row is made from."""

    key: str
    name: str
    definition: str
    question: str
    labels: tuple[str, str, str, str, str]
    """Lowest point first."""
    examples: tuple[LevelExample, LevelExample, LevelExample, LevelExample, LevelExample]


@dataclass(frozen=True, slots=True)
class Wording:
    """The shipped texts in one language; a translation asks the same of annotators."""

    version: str
    criteria: tuple[CriterionText, ...]
    begin: Mapping[str, str]
    """By design: what annotators see, the second sentence of the guidelines."""
    each: Mapping[str, str]
    """By design: how each text is to be judged beside the others."""
    guidelines: str
    """With {begin} and {each} open."""
    consent: str
    checks_after: str
    """The words of the consent after which checks_told stands."""
    checks_told: str
    """What a consent says of cards hidden among the others."""

    def guidelines_for(self, design: str) -> str:
        """The guidelines as annotators of a design are to read them."""
        return self.guidelines.format(begin=self.begin[design], each=self.each[design])

    def consent_with(self, *, hides: bool) -> str:
        """The consent, with or without the sentence on hidden cards."""
        plain = self.consent.strip()
        return plain.replace(self.checks_after, self.checks_after + self.checks_told, 1) if hides else plain


def as_columns(criteria: Sequence[CriterionText]) -> list[dict[str, object]]:
    """The columns of a study's Criterion rows, in order."""
    return [
        {
            "key": one.key,
            "name": one.name,
            "definition": one.definition,
            "question": one.question,
            "labels": list(one.labels),
            "examples": [
                {"explanation": example.explanation, "why": example.why} for example in one.examples
            ],
            "position": position,
        }
        for position, one in enumerate(criteria)
    ]
