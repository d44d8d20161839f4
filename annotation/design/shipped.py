"""The shipped texts by language: which a study copies, and which of them stand in it still."""

from annotation.design.criteria import Wording
from annotation.design.criteria_en import ENGLISH
from annotation.design.criteria_zh import CHINESE

WORDINGS = {"en": ENGLISH, "zh": CHINESE}
"""By language, without script or region."""


def wording(language: str) -> Wording:
    """The shipped texts in a study's language, in English where there are none."""
    return WORDINGS.get(language.lower().split("-")[0], ENGLISH)


def checks_told(language: str) -> str:
    """What a consent in this language says of cards hidden among the others."""
    return wording(language).checks_told.strip()


def says_checks(consent: str) -> bool:
    """Whether a consent says in the shipped words, of whatever language, that cards are hidden."""
    return any(one.checks_told.strip() in consent for one in WORDINGS.values())


def consent_for(consent: str, *, hides: bool) -> str:
    """The shipped consent with or without that sentence; a consent in an owner's own words as it is."""
    stands = consent.replace("\r\n", "\n").strip()
    for one in WORDINGS.values():
        if stands in (one.consent_with(hides=False), one.consent_with(hides=True)):
            return one.consent_with(hides=hides)
    return consent
