"""Columns of numbers written a block at a time to .npy files, which numpy then maps into memory."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.lib import format as npy


class ColumnWriter:
    """One `NAME.npy` a column; the length is written into the header when the `with` block ends."""

    def __init__(self, folder: Path, dtypes: Mapping[str, str]) -> None:
        self._dtypes = {name: np.dtype(dtype) for name, dtype in dtypes.items()}
        self._paths = {name: folder / f"{name}.npy" for name in dtypes}
        self._n = 0

    def __enter__(self) -> Self:
        self._streams: dict[str, BinaryIO] = {name: path.open("wb") for name, path in self._paths.items()}
        self._bodies = {name: self._write_header(name) for name in self._streams}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, stream in self._streams.items():
            if kind is None:
                stream.seek(0)
                # numpy leaves room in the header for the first axis to grow.
                assert self._write_header(name) == self._bodies[name], "the header of a .npy file grew"
            stream.close()

    def append(self, block: Mapping[str, np.ndarray]) -> None:
        """Add as many numbers to every column."""
        for name, stream in self._streams.items():
            stream.write(np.ascontiguousarray(block[name], dtype=self._dtypes[name]).tobytes())
        self._n += len(next(iter(block.values())))

    def _write_header(self, name: str) -> int:
        """Write the header for the present length; where the numbers begin."""
        described = {
            "descr": npy.dtype_to_descr(self._dtypes[name]),
            "fortran_order": False,
            "shape": (self._n,),
        }
        npy.write_array_header_1_0(self._streams[name], described)
        return self._streams[name].tell()
