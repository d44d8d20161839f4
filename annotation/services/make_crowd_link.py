import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.db import transaction

from annotation.models.crowd import CrowdLink
from annotation.models.study import Invitation
from annotation.services.invite import invite
from annotation.services.refusals import Refused

ENDS = ("complete", "screened_out", "no_consent", "failed_gate")
"""How a person's way through a study may end, each with a code of its own."""
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9_-]{4,40}")


@transaction.atomic
def make_crowd_link(
    *,
    study_id: int,
    by_id: int,
    label: str = "",
    max_uses: int = 1,
    expires_in_days: int | None = None,
    id_parameter: str = "PROLIFIC_PID",
    return_url: str = "",
    codes: Mapping[str, str] | None = None,
) -> str:
    """Make an invitation for people a crowd service sends; returns its token. They need no account of their own.

    Args:
        id_parameter: of the address by which they come; holds the service's id of the person.
        return_url: https, with {code} where the completion code belongs; empty: they copy the code by hand.
        codes: one of ENDS -> the code the service knows; what is left out is drawn.

    Raises:
        Refused: as `invite`, or a name, an address or a code cannot be used.
    """
    if not _PARAMETER.fullmatch(id_parameter):
        raise Refused(f"{id_parameter[:40]!r} is no name of a parameter: letters, digits, _ . and - only.")
    _check_address(return_url)
    chosen = {end: code for end, code in (codes or {}).items() if code}
    for end, code in chosen.items():
        if end not in ENDS:
            raise Refused(f"There is no code for {end[:40]!r}, only for {', '.join(ENDS)}.")
        if not _CODE.fullmatch(code):
            raise Refused(f"{code[:40]!r} is no code: 4 to 40 letters, digits, _ and -.")
    if len(set(chosen.values())) < len(chosen):
        raise Refused("Two ends of a study have the same code: the service could not tell them apart.")
    token = invite(
        study_id=study_id, by_id=by_id, label=label, max_uses=max_uses, expires_in_days=expires_in_days
    )
    CrowdLink.objects.create(
        invitation=Invitation.objects.get(token=token),
        id_parameter=id_parameter,
        return_url=return_url,
        **{f"code_{end}": code for end, code in chosen.items()},
    )
    return token


def _check_address(url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url.replace("{code}", "CODE"))
    except ValueError:
        parts = urlsplit("")
    plain = url.isprintable() and not any(sign.isspace() for sign in url)
    if parts.scheme != "https" or not parts.hostname or not plain or len(url) > 300:
        raise Refused("Where people go back to is an https address of at most 300 characters.")
    if url.count("{code}") != 1 or set(url.replace("{code}", "")) & set("{}"):
        raise Refused("The address to go back to holds {code} once, where the code belongs.")
