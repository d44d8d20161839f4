"""The few shapes figures are made of, as SVG text: `currentColor`, no style attribute, the same bytes every time."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
"""Okabe and Ito (2008), in the order of the stylesheet's --system-1 to --system-8."""
LOW, HIGH = "#B35806", "#0B5A8A"
"""The two ends of a scale with a middle."""
FONT = 13
LETTER = 7.1
"""Width of an average letter at 13 px, generous: a label may leave room, never lose an end."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One SVG and what it says."""

    key: str
    title: str
    description: str
    svg: str


def document(width: float, height: float, title: str, description: str, parts: Sequence[str]) -> str:
    """The whole file: a title and a description in words, then the parts."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" font-family="system-ui, sans-serif" font-size="{FONT}" '
        'fill="currentColor">'
    )
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", f"<desc>{escape(description)}</desc>", *parts, "</svg>\n"]
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = FONT,
    weight: str = "",
    fill: str = "currentColor",
    opacity: float = 1.0,
) -> str:
    extra = f' font-weight="{weight}"' if weight else ""
    extra += f' font-size="{size}"' if size != FONT else ""
    extra += f' opacity="{opacity}"' if opacity != 1 else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{extra}>{escape(words)}</text>'


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    thick: float = 1,
    colour: str = "currentColor",
    opacity: float = 1,
) -> str:
    extra = f' opacity="{opacity}"' if opacity != 1 else ""
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.1f}" x2="{x2:.2f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{thick}"{extra}/>'
    )


def width(words: str) -> float:
    """Room a label takes; full-width letters count double."""
    return sum(LETTER * (2 if ord(letter) > 0x2E80 else 1) for letter in words)


def slug(text: str) -> str:
    """What of a name may stand in a file's name."""
    kept = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in text)
    return kept.strip("_").lower() or "x"


def mix(colour: str, strength: float) -> str:
    """The colour thinned with white: opaque, so that it is the same on light and on dark."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - channel) * strength):02X}" for channel in channels)


def ink(ground: str) -> str:
    """Black or white, whichever reads better on the ground (relative luminance as WCAG 2 has it)."""
    channels = [int(ground[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#FFFFFF" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"
