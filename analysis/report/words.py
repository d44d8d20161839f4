"""How numbers and lists are written, the same in pages, tables and sentences."""

from collections.abc import Sequence

from analysis.report.findings.number import Number

MINUS = "−"
LEVELS = {
    "system": "between systems",
    "case": "within cases",
    "text": "all texts",
    "text-within-system": "texts, systems set equal",
}
"""What the levels of a correlation are called on pages."""


def number(value: float | None, digits: int = 2, *, missing: str = "–") -> str:
    """Fixed digits with a true minus sign; no "-0.00"."""
    if value is None:
        return missing
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def p_value(value: float | None) -> str:
    """Three digits, never "0.000"."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def p_in_words(value: float) -> str:
    """ "p = 0.012" or "p < 0.001"."""
    return f"p {p_value(value)}" if value < 0.001 else f"p = {p_value(value)}"


def with_interval(given: Number, digits: int = 2) -> str:
    """ "0.62 [0.51, 0.71]"; the words alone where there is no number."""
    if given.value is None:
        return f"undefined ({given.undefined})"
    if given.interval is None:
        return number(given.value, digits)
    return f"{number(given.value, digits)} {interval(given, digits)}"


def interval(given: Number, digits: int = 2) -> str:
    """ "[0.51, 0.71]", or nothing."""
    if given.interval is None:
        return ""
    return f"[{number(given.interval.low, digits)}, {number(given.interval.high, digits)}]"


def derivation(given: Number) -> list[tuple[str, str]]:
    """What a reader sees who asks where a number comes from: pairs of name and words."""
    value = given.undefined if given.value is None else f"{given.value:.6g}".replace("-", MINUS)
    lines = [("Undefined" if given.value is None else "Value", value)]
    if given.interval is not None:
        percent = f"{given.interval.level:.0%}"
        ends = f"{given.interval.low:.6g} to {given.interval.high:.6g}".replace("-", MINUS)
        lines += [(f"{percent} interval", ends), ("Interval by", given.interval.method)]
    elif given.no_interval:
        lines.append(("No interval", given.no_interval))
    lines += [("n", f"{given.n:,} {given.counted}"), ("Method", given.method)]
    if given.seed is not None:
        lines.append(("Seed", str(given.seed)))
    return lines


def join(names: Sequence[str], last: str = "and") -> str:
    """ "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def seconds(given: float) -> str:
    """ "20 seconds", "0.5 seconds": tenths where they are seen."""
    return f"{given:.1f} seconds" if given < 9.95 and round(given, 1) % 1 else many(round(given), "second")


def many(n: int, one: str, more: str | None = None) -> str:
    """ "1 card", "1,056 cards"."""
    return f"{n:,} {one if n == 1 else more or one + 's'}"
