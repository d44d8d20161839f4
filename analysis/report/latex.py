"""Text as LaTeX that compiles under every engine: pdfLaTeX without a package, XeLaTeX and LuaLaTeX as it is."""

import re
import unicodedata
from itertools import groupby

OTHER_SCRIPT = (
    r"\DeclareRobustCommand{\otherscript}[2]{\ifdefined\Umathchar#1\else#2\fi}"
    " % text, or code points where pdfLaTeX sets it"
)
"""Stands before a table that names something in a script pdfLaTeX has no letters for."""

_PLAIN = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": "$|$"}
_PLAIN |= {character: f"\\{character}" for character in "&%$#_{}"}
_PLAIN |= {"−": "$-$", "±": r"$\pm$", "<": "$<$", ">": "$>$", "–": "--", "—": "---", "\u00a0": "~"}
_PLAIN |= {
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "†": r"$\dagger$",
}
_PLAIN |= {
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "→": r"$\to$",
    "µ": r"$\mu$",
    "∞": r"$\infty$",
    "°": r"$^\circ$",
}
_PLAIN |= {
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
}
_PLAIN |= {
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "§": r"\S{}",
    "¶": r"\P{}",
    "¡": "!`",
    "¿": "?`",
    "£": r"\pounds{}",
}

_ACCENT = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327",
        "`'^~=u.\"rHvc",
        strict=True,
    )
)
"""Combining marks by the letter of the command that sets them."""
GREEK = frozenset(
    (
        *(
            "ALPHA",
            "BETA",
            "GAMMA",
            "DELTA",
            "EPSILON",
            "ZETA",
            "ETA",
            "THETA",
            "IOTA",
            "KAPPA",
            "LAMBDA",
            "MU",
        ),
        *("NU", "XI", "OMICRON", "PI", "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI", "OMEGA"),
    )
)
_LATIN_CAPITALS = dict(
    zip(
        [
            "ALPHA",
            "BETA",
            "EPSILON",
            "ZETA",
            "ETA",
            "IOTA",
            "KAPPA",
            "MU",
            "NU",
            "OMICRON",
            "RHO",
            "TAU",
            "CHI",
        ],
        "ABEZHIKMNOPTX",
        strict=True,
    )
)
"""Greek capitals that TeX has no command for, because Latin ones look the same."""


def escaped(text: str) -> str:
    """The text, every letter as pdfLaTeX can set it; other scripts as `\\otherscript{text}{code points}`."""
    parts = [(_known(character), character) for character in unicodedata.normalize("NFC", text)]
    out = []
    for known, run in groupby(parts, key=lambda part: part[0] is not None):
        given = list(run)
        if known:
            out += [latex or "" for latex, _ in given]
        else:
            letters = "".join(character for _, character in given)
            out.append(
                f"\\otherscript{{{letters}}}{{{' '.join(f'U+{ord(letter):04X}' for letter in letters)}}}"
            )
    return "".join(out)


def preamble(*texts: str) -> list[str]:
    """What must stand before a table that holds these escaped texts."""
    return [OTHER_SCRIPT] if any(r"\otherscript" in text for text in texts) else []


def caption(text: str) -> str:
    """The command `\\caption`; a list of tables, set before the table, gets code points instead of other scripts."""
    full = escaped(text)
    if r"\otherscript" not in full:
        return f"\\caption{{{full}}}"
    short = re.sub(r"\\otherscript\{[^{}]*\}\{([^{}]*)\}", r"\1", full)
    return f"\\caption[{{{short}}}]{{{full}}}"


def begun(row: str) -> str:
    """A row that no rule or line end before it takes for an option of its own."""
    return "{}" + row if row.startswith(("[", "*")) else row


def _known(character: str) -> str | None:
    """The character in ASCII; None where pdfLaTeX has none for it."""
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isspace() or unicodedata.category(character) in ("Cc", "Cf"):
        return " " if character.isspace() or unicodedata.category(character) == "Cc" else ""
    if character.isascii():
        return character
    return _greek(character) or _accented(character) or _raised(character)


def _greek(character: str) -> str | None:
    base, *marks = list(unicodedata.normalize("NFD", character))
    words = unicodedata.name(base, "").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words or len(marks) > 1:
        return None
    name = words[-1].replace("LAMDA", "LAMBDA")
    if name not in GREEK:
        return None
    if words[1] == "CAPITAL":
        letter = _LATIN_CAPITALS.get(name) or f"\\{name.capitalize()}"
    else:
        letter = {"OMICRON": "o"}.get(name, f"\\{'var' if 'FINAL' in words else ''}{name.lower()}")
    if not marks:
        return f"${letter}$"
    return f"$\\acute{{{letter}}}$" if marks == ["\u0301"] else None


def _accented(character: str) -> str | None:
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) != 1 or not base.isascii() or marks[0] not in _ACCENT:
        return None
    return f"\\{_ACCENT[marks[0]]}{{{base}}}"


def _raised(character: str) -> str | None:
    kind, _, code = unicodedata.decomposition(character).partition(" ")
    if kind not in ("<super>", "<sub>") or " " in code:
        return None
    plain = chr(int(code, 16))
    return (
        f"${'^' if kind == '<super>' else '_'}{{{plain}}}$" if plain.isascii() and plain.isalnum() else None
    )
