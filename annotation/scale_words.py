"""Why a mark is not on the scale, in the reader's language; design.scales says the same in English, for records."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from annotation.design.scales import OutOfScale


def scale_words(wrong: OutOfScale, names: Mapping[str, str] | None = None) -> str:
    """What was wrong with a mark.

    Args:
        names: criterion key -> name, where a person reads it.
    """
    if not wrong.why:
        return str(wrong)
    told = {
        "nothing": _("Nothing was marked: send at least one criterion."),
        "no-columns": _("Nothing was marked: send at least one column."),
        "reason-alone": _("%(key)s: a reason came without its mark."),
        "not-asked": _("%(key)s is not a criterion of this study; it asks about %(known)s."),
        "no-reason": _("%(key)s: say in a few words why you cannot judge."),
        "reason-long": _("%(key)s: the reason has %(n)s characters; at most %(most)s fit."),
        "reason-nul": _("%(key)s: the reason holds the character NUL; take it out."),
        "off-scale": _("%(key)s: %(value)s is not on the scale; choose %(low)s to %(high)s."),
        "reason-beside": _("%(key)s: a reason is for “cannot judge”; take the reason or the mark away."),
        "not-offered": _("%(key)s is not offered here."),
    }
    named = names or {}
    words = {name: named.get(str(word), word) for name, word in wrong.words.items()}
    if isinstance(known := wrong.words.get("known"), tuple):
        words["known"] = ", ".join(named.get(key, key) for key in known)
    return told[wrong.why] % words
