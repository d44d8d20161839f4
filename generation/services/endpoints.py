"""Which servers may be asked, and the key they are shown: the operator's to say, never a run's."""

from django.conf import settings

from generation.pipeline.teacher.address import checked_url


def is_allowed(url: str) -> bool:
    """Whether the operator lists this address, however it is spelt; nothing below or beside it."""
    try:
        return checked_url(url) in {checked_url(one) for one in settings.PRISM_ENDPOINTS}
    except ValueError:
        return False


def key_for(url: str) -> str:
    """The operator's key, for a listed address alone; whoever names another from a shell sends none."""
    return str(settings.PRISM_ENDPOINT_KEY) if is_allowed(url) else ""
