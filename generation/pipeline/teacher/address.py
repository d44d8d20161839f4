"""The address of an endpoint, in one spelling."""

from urllib.parse import urlsplit


def checked_url(url: str) -> str:
    """The address as it is compared and called: http or https, without a name, a key or a query in it.

    Raises:
        ValueError: it is something else; says what.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"an endpoint is an address such as https://host/v1, not {url[:80]!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an endpoint's address holds no name, key or query: the key is PRISM_ENDPOINT_KEY")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
