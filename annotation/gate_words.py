"""The gate as annotators read it, without a statistic's name; owners read the exact rule, GateRule.in_words."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.design.gate import LEANING, GateRule


def plain_words(rule: GateRule) -> str:
    """What it takes to pass, as clauses that end without a full stop."""
    share = {"share": f"{rule.share:.0%}", "n": rule.tolerance}
    near = _("%(share)s of your marks are exactly the reference") % share
    if rule.tolerance:
        near = (
            ngettext(
                "%(share)s of your marks are at most %(n)s level from the reference",
                "%(share)s of your marks are at most %(n)s levels from the reference",
                rule.tolerance,
            )
            % share
        )
    clauses = [near]
    if rule.kappa > 0:
        clauses.append(
            _("on each question you place the same cards high and the same cards low as the reference does")
        )
    attempts = ngettext("you have %(n)s attempt", "you have %(n)s attempts", rule.attempts)
    return "; ".join([*clauses, attempts % {"n": rule.attempts}])


def feedback_words(result: Mapping[str, Any], rule: GateRule, names: Mapping[str, str]) -> tuple[str, ...]:
    """What an attempt came to, in the reader's language; design.gate says the same in English, for records.

    Args:
        result: a GateResult as it was stored.
        names: criterion key -> name.
    """
    if not result.get("criteria"):
        return tuple(result.get("feedback", ()))
    said = []
    if result["share_within"] < rule.share - 1e-12:
        shares = {"share": f"{result['share_within']:.0%}", "needed": f"{rule.share:.0%}"}
        said.append(_("%(share)s of your marks were near the reference; %(needed)s are needed.") % shares)
    for row in result["criteria"]:
        name = names.get(row["key"], row["key"])
        if not row["passed"]:
            said.append(_missed(name, row, rule))
    for row in result["criteria"]:
        if row["note"]:
            said.append(f"{names.get(row['key'], row['key'])}: {_note(row['note'])}")
    return tuple(said)


def _missed(name: str, row: Mapping[str, Any], rule: GateRule) -> str:
    """What was missed on one criterion, and in which direction."""
    words = {"name": name, "share": f"{row['share_within']:.0%}", "apart": f"{abs(row['mean_error']):.1f}"}
    if row["kappa"] is None or rule.kappa <= row["kappa"]:
        said = _("%(name)s: %(share)s of your marks were near the reference.")
    else:
        words |= {"found": f"{row['kappa']:.2f}".replace("-", "−"), "needed": f"{rule.kappa:g}"}
        said = _(
            "%(name)s: which cards you place high and which low differs from the reference (agreement %(found)s where "
            "1 is perfect and 0 is chance; %(needed)s is needed)."
        )
    sentences = [said % words]
    if abs(row["mean_error"]) >= LEANING:
        higher = _("On average you marked %(apart)s higher than the reference.")
        lower = _("On average you marked %(apart)s lower than the reference.")
        sentences.append((higher if row["mean_error"] > 0 else lower) % words)
    return " ".join(sentences)


def _note(note: str) -> str:
    """A note of design.gate in the reader's language; the point it names is the only thing in it that varies."""
    point = re.search(r"\d", note)
    words = {"n": point[0] if point else ""}
    if note.startswith("you gave"):
        return _("you gave %(n)s to every card, which tells no card from another.") % words
    if note.startswith("the reference is"):
        return _("the reference is %(n)s on every card, so no order of the cards is asked for.") % words
    return _("your marks and the reference never vary, so no order of the cards is asked for.")
