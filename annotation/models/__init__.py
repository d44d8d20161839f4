"""The tables of the rating room. Callers import the file they need, never this package."""

from annotation.models import card, crowd, guess, ledger, provenance, rating, study  # noqa: F401
