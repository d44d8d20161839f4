"""The ledger of a bundle: whether its lines are the chain they were when they were written."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

NAME = "data/ledger.json"


def broken_ledger(files: Mapping[str, bytes]) -> list[str]:
    """What is wrong with the ledger, in words; nothing where it is whole or there is none.

    Each line carries the sha256 of all it says and of the hash of the line before it.
    """
    if NAME not in files:
        return []
    try:
        document = json.loads(files[NAME])
        study, lines = document["study"], document["lines"]
        previous = ""
        for number, line in enumerate(lines, start=1):
            if (
                line["number"] != number
                or line["previous_hash"] != previous
                or line["hash"] != _hash(study, line)
            ):
                return [f"{NAME}: line {number} does not follow from those before it"]
            previous = line["hash"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return [f"{NAME} cannot be read: {error}"]
    return []


def _hash(study: int, line: Mapping[str, Any]) -> str:
    said = [study, *(line[key] for key in ("number", "act", "by", "at", "reason", "facts", "previous_hash"))]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
