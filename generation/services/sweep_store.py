"""Remove what dead writers left half written among the artefacts, here and in the store."""

from generation.services.folders import artefact_store

OLD_SECONDS = 86_400.0
"""No upload takes a day without writing a file."""


def sweep_store() -> int:
    """How many folders went; harmless at any time, from any process."""
    return artefact_store().sweep(older_than_seconds=OLD_SECONDS)
