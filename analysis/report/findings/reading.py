"""Findings read back from JSON, each value held to the kind its class says."""

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


class UnreadableFindings(ValueError):
    """The JSON is not a report this version can read."""


def read(kind: Any, raw: Any, where: str) -> Any:
    """Rebuild a value of the annotated type from JSON values."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_dataclass(kind, raw, where)
    if origin in (Union, UnionType):
        wanted = next(argument for argument in arguments if argument is not NoneType)
        return None if raw is None else read(wanted, raw, where)
    if origin is tuple and isinstance(raw, list):
        return tuple(read(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(raw))
    if origin is dict and isinstance(raw, dict):
        return dict(raw)
    if origin is Literal and raw in arguments:
        return raw
    if kind is float and isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return float(raw)
    if isinstance(kind, type) and type(raw) is kind:
        return raw
    raise UnreadableFindings(f"{where}: expected {getattr(kind, '__name__', kind)}, got {raw!r}")


def _read_dataclass(kind: type, raw: Any, where: str) -> Any:
    if not isinstance(raw, dict):
        raise UnreadableFindings(f"{where}: expected the keys of {kind.__name__}, got {raw!r}")
    names = [field.name for field in fields(kind)]
    absent = {field.name for field in fields(kind) if field.metadata.get("later") and field.name not in raw}
    names = [name for name in names if name not in absent]
    missing, strange = [n for n in names if n not in raw], [n for n in raw if n not in names]
    if missing or strange:
        raise UnreadableFindings(f"{where}: missing {missing or 'nothing'}, unknown {strange or 'nothing'}")
    hints = get_type_hints(kind)
    return kind(**{name: read(hints[name], raw[name], f"{where}.{name}") for name in names})
