"""Which servers may be asked, and the key they are shown: the operator's to say, never a run's.

A signed-in person must not make this server ask whatever address they like, so what is named through the web is checked
when the run is queued, and again when it is worked on: a list may have become shorter.
"""

from django.conf import settings

from generation.pipeline.origins import origin_of
from generation.pipeline.teacher.address import checked_url


def is_allowed(url: str) -> bool:
    """Whether the operator lists this address, however it is spelt; nothing below or beside it."""
    try:
        return checked_url(url) in {checked_url(one) for one in settings.PRISM_ENDPOINTS}
    except ValueError:
        return False


def check_endpoint(url: str) -> None:
    """Refuse a language model's address that is not on the list.

    Raises:
        ValueError: says whose list.
    """
    if not is_allowed(url):
        raise ValueError("this server allows no such endpoint; whoever runs it lists them in PRISM_ENDPOINTS")


def check_recommender(url: str) -> None:
    """Refuse a recommender's address that is not on the list, or is none.

    Raises:
        ValueError: says whose list.
    """
    allowed, found = settings.PRISM_RANKER_URLS, origin_of(url)
    if found not in allowed:
        listed = f"Allowed are {', '.join(allowed)}" if allowed else "None is allowed yet"
        raise ValueError(
            f"this server asks no recommender at {found}. {listed}; whoever runs this server names them in "
            "PRISM_RANKER_URLS."
        )


def key_for(url: str) -> str:
    """The operator's key, for a listed address alone; whoever names another from a shell sends none."""
    return str(settings.PRISM_ENDPOINT_KEY) if is_allowed(url) else ""
