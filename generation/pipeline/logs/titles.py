"""Titles as MovieLens writes them, turned into titles as people say them."""

import re

_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\)\s*$")
_ARTICLES = (
    *("The", "A", "An", "Le", "La", "Les", "L'", "L’", "El", "Los", "Las", "Il", "Lo", "Gli", "Der", "Die"),
    *("Das", "Den", "Det", "De", "Het", "Un", "Une", "Una", "Uno", "Ein", "Eine"),
)
_INVERTED = re.compile(rf"^(?P<rest>[^()]+), (?P<article>{'|'.join(_ARTICLES)})(?P<more>\s*\(.*)?$")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)")


def split_title(raw: str) -> tuple[str, int | None]:
    """("The Matrix", 1999) from "Matrix, The (1999)"; a span of years counts from its first.

    A second title in brackets stays, put right in the same way:
    "City of Lost Children, The (Cité des enfants perdus, La) (1995)" becomes
    "The City of Lost Children (La Cité des enfants perdus)".
    """
    raw = " ".join(raw.split())
    found = _YEAR.search(raw)
    if found is None or not raw[: found.start()].strip():
        return put_article_first(raw), None
    return put_article_first(raw[: found.start()].strip()), int(found.group(1))


def put_article_first(title: str) -> str:
    """ "The Matrix" from "Matrix, The", inside brackets too; other titles come back as they are."""
    title = _IN_BRACKETS.sub(lambda found: f"({_turn(found.group(1))})", title)
    return _turn(title)


def _turn(title: str) -> str:
    found = _INVERTED.match(title)
    if found is None:
        return title
    article, rest, more = found["article"], found["rest"], found["more"] or ""
    space = "" if article.endswith(("'", "’")) else " "
    return f"{article}{space}{rest}{more}"
