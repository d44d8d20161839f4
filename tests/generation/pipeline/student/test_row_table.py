from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from generation.pipeline.student import checkpoint
from generation.pipeline.student.row_table import RowTable, is_large
from generation.pipeline.student.training import train
from tests.generation.pipeline.student.small import config, pairs

TRAIN, VALID = pairs(96), pairs(16, seed=9)
SHAPE = config(max_steps=8, valid_every=4, checkpoint_every=2, user_dropout=0.2, user_optimiser="rows")


def test_the_step_is_that_of_the_written_rule_on_a_dense_gradient() -> None:
    table, dense = RowTable(6, 4), nn.Embedding(6, 4, padding_idx=0)
    with torch.no_grad():
        table.weight[1:] = dense.weight[1:]
    square, n_met = torch.zeros(6), torch.zeros(6)
    draw = torch.Generator().manual_seed(0)
    for rows in ([1, 2, 2, 0], [2, 5, 0, 0], [1, 1, 1, 1]):
        given, wanted = torch.tensor(rows), torch.randn(4, 4, generator=draw)
        for part in (slice(0, 2), slice(2, 4)):
            (table(given[part]) * wanted[part]).sum().backward()
        (dense(given) * wanted).sum().backward()
        found, gradients = table.gradients()
        assert dense.weight.grad is not None
        assert torch.allclose(gradients, dense.weight.grad[found])
        table.step(found, gradients, 0.1)
        with torch.no_grad():
            for row in set(rows) - {0}:
                gradient = dense.weight.grad[row]
                n_met[row] += 1
                square[row] = 0.98 * square[row] + 0.02 * gradient.square().mean()
                dense.weight[row] -= 0.1 * gradient / (square[row] / (1 - 0.98 ** n_met[row])).sqrt()
            dense.weight.grad = None
        assert torch.allclose(table.weight, dense.weight, atol=1e-5)
    assert table.n_met.tolist() == [0, 2, 2, 0, 0, 1]


def test_only_a_large_table_is_kept_by_rows() -> None:
    assert not is_large(6_040, 768)
    assert is_large(2_000_000, 768)


def test_a_training_by_rows_learns_and_resumes_to_the_bit(tmp_path: Path) -> None:
    whole = train(TRAIN, VALID, SHAPE, tmp_path / "whole", 1)
    assert whole.losses[-1][2] < whole.losses[0][2]

    class Killed(Exception):
        pass

    def kill(done: int, total: int, words: str) -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        train(TRAIN, VALID, SHAPE, tmp_path / "broken", 1, progress=kill)
    resumed = train(TRAIN, VALID, SHAPE, tmp_path / "broken", 1)
    assert resumed.losses == whole.losses
    assert resumed.artefact.sha256 == whole.artefact.sha256
    table = checkpoint.load(whole.artefact.path).users
    assert len(table) == 4
    dense = train(TRAIN, VALID, replace(SHAPE, user_optimiser="dense"), tmp_path / "dense", 1)
    assert abs(dense.best_valid_loss - whole.best_valid_loss) < 0.1 * dense.best_valid_loss
