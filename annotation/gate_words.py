"""The gate as annotators read it, without a statistic's name; owners read the exact rule, GateRule.in_words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.design.gate import GateRule


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
