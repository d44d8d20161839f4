from pathlib import Path

import numpy as np
import pytest
import torch

from generation.pipeline.student.user_table import MappedEmbedding, NotATable, UserTable, write_shard

RNG = np.random.default_rng(0)
NAMES = ["zoë", "ann", "ben", "u10", "u9", "Ann"]
VECTORS = RNG.standard_normal((6, 4)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shard(tmp_path, NAMES, VECTORS)
    return tmp_path


def test_a_user_finds_their_row_and_a_stranger_row_0(folder: Path) -> None:
    table = UserTable.open(folder)
    assert dict(table) == {name: row for row, name in enumerate(NAMES, start=1)}
    assert [table.row(name) for name in ("", "anna", "ann ", "zzz")] == [0, 0, 0, 0]


def test_rows_give_their_vectors_and_row_0_gives_zeros(folder: Path) -> None:
    found = UserTable.open(folder).vectors([3, 0, 1, 3])
    assert np.array_equal(found, np.stack([VECTORS[2], np.zeros(4), VECTORS[0], VECTORS[2]]))


def test_new_users_are_a_new_shard_and_no_earlier_file_is_touched(folder: Path) -> None:
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    more = RNG.standard_normal((2, 4)).astype(np.float32)
    write_shard(folder, ["mia", "ada"], more)
    assert {n: (p.stat().st_mtime_ns, p.read_bytes()) for n in before if (p := folder / n)} == before
    table = UserTable.open(folder)
    assert (table.row("mia"), table.row("ada"), table.row("ann"), len(table)) == (7, 8, 2, 8)
    assert np.array_equal(table.vectors([8, 2]), np.stack([more[1], VECTORS[1]]))


def test_half_precision_is_handed_out_as_float32(tmp_path: Path) -> None:
    write_shard(tmp_path, NAMES, VECTORS, dtype="F16")
    found = UserTable.open(tmp_path).vectors(range(1, 7))
    assert found.dtype == np.float32
    assert np.array_equal(found, VECTORS.astype(np.float16).astype(np.float32))


def test_names_that_stand_twice_and_other_widths_are_refused(folder: Path) -> None:
    with pytest.raises(NotATable, match="'a' stands twice"):
        write_shard(folder, ["a", "b", "a"], VECTORS[:3])
    with pytest.raises(NotATable, match="'ben' has a row in an earlier shard"):
        write_shard(folder, ["new", "ben"], VECTORS[:2])
    with pytest.raises(NotATable, match="vectors of 3 beside shards of 4"):
        write_shard(folder, ["new"], np.zeros((1, 3), np.float32))
    assert len(UserTable.open(folder)) == 6


def test_rows_outside_the_table_are_refused(folder: Path) -> None:
    for row in (-1, 7):
        with pytest.raises(IndexError, match="outside the table of 7 rows"):
            UserTable.open(folder).vectors([1, row])


def test_damage_is_named(folder: Path) -> None:
    (folder / "users-00000.arrow").write_bytes(b"rubbish")
    with pytest.raises(NotATable, match=r"users-00000\.arrow"):
        UserTable.open(folder)


def test_without_a_shard_everybody_is_unknown(tmp_path: Path) -> None:
    table = UserTable.open(tmp_path)
    assert (len(table), table.row("ann"), table.n_rows) == (0, 0, 1)


def test_it_stands_in_for_a_trained_embedding(folder: Path) -> None:
    mapped = MappedEmbedding(UserTable.open(folder))
    whole = torch.nn.Embedding.from_pretrained(torch.cat([torch.zeros(1, 4), torch.from_numpy(VECTORS)]))
    rows = torch.tensor([0, 5, 5, 2])
    assert torch.equal(mapped(rows), whole(rows))
    assert mapped.num_embeddings == whole.num_embeddings
    assert list(mapped.parameters()) == []
