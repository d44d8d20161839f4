"""WCAG 2.2 contrast of every pair of colours that meet, measured from the stylesheet itself."""

import re

import pytest
from django.conf import settings

CSS = (settings.BASE_DIR / "static/css/site.css").read_text(encoding="utf-8")
HEX = r"(#[0-9A-Fa-f]{6})"
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(rf"--([\w-]+): light-dark\({HEX}, {HEX}\);", CSS)
}
GROUNDS = ("paper", "surface", "sunken")
TEXT = [
    *[(word, ground) for word in ("ink", "muted", "accent", "accent-strong") for ground in GROUNDS],
    *[(word, ground) for word in ("good", "warn", "bad") for ground in ("paper", "surface")],
    *[(f"{word}", f"{word}-soft") for word in ("accent", "good", "warn", "bad")],
    *[("ink", f"{word}-soft") for word in ("accent", "good", "warn", "bad")],
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
]
CONTROLS = [(edge, ground) for edge in ("edge", "accent", "bad", "good", "warn", "ink") for ground in GROUNDS]


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)  # WebAIM's published example


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), TEXT)
def test_text_can_be_read(word: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[word][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), CONTROLS)
def test_controls_and_focus_can_be_seen(edge: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[edge][theme], TOKENS[ground][theme]) >= 3


def test_pages_take_their_colours_from_the_tokens() -> None:
    """A colour written outside the first :root block is not measured and does not follow the theme."""
    rules = re.sub(r"/\*.*?\*/", "", CSS, flags=re.S)
    after_tokens = rules[rules.index("\n}") :]
    loose = re.findall(r"[\w-]+: [^;]*#[0-9A-Fa-f]{3,8}\b", after_tokens)
    assert [found for found in loose if not found.startswith(("--paper: #fff", "--surface: #fff"))] == []


def test_no_side_of_the_page_is_called_left_or_right() -> None:
    sides = (
        r"(?:margin|padding|border|inset)-(?:left|right)\b|align: (?:left|right)|(?<![\w-])(?:left|right):"
    )
    assert re.findall(sides, re.sub(r"/\*.*?\*/", "", CSS, flags=re.S)) == []
