"""What dead writers left in an object store: told from the list of its files alone."""

import re
from collections import defaultdict
from collections.abc import Mapping

from generation.pipeline.artefacts import MANIFEST

ARTEFACT = re.compile(r"(?P<folder>(?!files/|states/)(?:.+/)?[A-Za-z0-9_-]+/[0-9a-f]{24})/")
"""A folder named by its content, as write_folder names it; pushed files and states lie elsewhere."""


def leftovers(files: Mapping[str, tuple[int, float]], *, before: float) -> list[list[str]]:
    """The files of each artefact without a manifest that nobody wrote to since `before`, a folder a list.

    Args:
        files: name -> (size, second it was last written); a file whose time is not told counts as just written.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for name in files:
        if match := ARTEFACT.match(name):
            folders[match["folder"]].append(name)
    return [
        sorted(names)
        for folder, names in sorted(folders.items())
        if f"{folder}/{MANIFEST}" not in files and all(0 < files[name][1] < before for name in names)
    ]
