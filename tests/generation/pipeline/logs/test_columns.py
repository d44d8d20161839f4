import numpy as np
import pytest

from generation.pipeline.logs.columns import ColumnWriter


def test_blocks_become_one_file_that_numpy_maps(tmp_path):
    with ColumnWriter(tmp_path, {"at": "<M8[us]", "rating": "<f4"}) as columns:
        for first in range(0, 100_000, 30_000):
            numbers = np.arange(first, min(first + 30_000, 100_000))
            columns.append({"at": numbers.astype("datetime64[us]"), "rating": numbers / 2})
    at, rating = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("at", "rating"))
    assert (at.dtype, rating.dtype) == (np.dtype("<M8[us]"), np.dtype("<f4"))
    assert at.astype(int).tolist() == list(range(100_000))
    assert rating[-1] == np.float32(99_999 / 2)


def test_a_failure_leaves_no_column_that_looks_whole(tmp_path):
    def fail() -> None:
        with ColumnWriter(tmp_path, {"item": "<i4"}) as columns:
            columns.append({"item": np.arange(5)})
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="full"):
        fail()
    assert len(np.load(tmp_path / "item.npy")) == 0
