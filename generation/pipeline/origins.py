"""Whom a URL names: scheme, host and port, which is what an operator allows."""

from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """As "https://example.org:443", the same for all ways to write it.

    Raises:
        ValueError: not an http or https URL, or one with a user, a password or a fragment.
    """
    if any(sign.isspace() or not sign.isprintable() for sign in url) or "\\" in url:
        raise ValueError("a URL has no spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{url[:200]!r} is no URL") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"{url[:200]!r} does not begin with http:// or https:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("a URL here has no user, password or fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    return f"{parts.scheme}://{host}:{PORTS[parts.scheme] if port is None else port}"
