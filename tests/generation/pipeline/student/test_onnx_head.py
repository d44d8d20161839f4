"""The next token by int8 first: never another one than the whole product's."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from generation.pipeline.student.onnx_graph import Shape
from generation.pipeline.student.onnx_head import Head, Rough
from generation.pipeline.student.onnx_sessions import FEW_ROWS, open_head

V, D = 3000, 64
SHAPE = Shape(d_model=D, heads=4, encoder_layers=0, decoder_layers=0, vocab_size=V, embed_scale=1.0)


def nothing(logits: np.ndarray) -> np.ndarray:
    return logits


@pytest.fixture(scope="module")
def weight() -> np.ndarray:
    rng = np.random.default_rng(0)
    found = rng.standard_normal((V, D)).astype(np.float32) * rng.uniform(0.01, 2, (V, 1)).astype(np.float32)
    found[40] *= 4 / np.linalg.norm(found[40]) * D**0.5
    found[1700] = found[40]
    found[7] = 0
    return found


@pytest.fixture(scope="module")
def head(weight: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Head:
    folder = tmp_path_factory.mktemp("head")
    bias = np.random.default_rng(1).standard_normal((1, V)).astype(np.float32)
    bias[0, 1700] = bias[0, 40]
    tensors = {"model.shared.weight": weight, "final_logits_bias": bias}
    save_file(tensors, str(folder / "backbone.safetensors"))
    return open_head(folder, SHAPE, threads=1)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 9),
    scale=st.floats(0.01, 50),
    shift=st.floats(-3, 3),
    outlier=st.floats(0, 40),
)
def test_a_sketched_logit_is_within_its_bound_and_the_token_the_whole_product_s(
    head: Head, seed: int, rows: int, scale: float, shift: float, outlier: float
) -> None:
    hidden = np.random.default_rng(seed).standard_normal((rows, D)).astype(np.float32) * scale + shift
    hidden[0, 0] = outlier
    hidden = hidden.astype(np.float32)
    whole = head.logits(hidden)
    for n_rows in (1, FEW_ROWS + 1):  # of either kernel
        sketch = head.sketch(n_rows)
        about = sketch.logits(hidden)
        for row, reach in enumerate(head.reach(hidden, sketch)):
            assert (np.abs(about[row] - whole[row]) <= reach(slice(None))).all()
    assert head.likeliest(hidden, nothing).tolist() == whole.argmax(axis=1).tolist()


def test_a_few_rows_have_a_kernel_of_their_own_whose_steps_are_a_block_s(head: Head) -> None:
    assert [head.sketch(n).block for n in (1, FEW_ROWS, FEW_ROWS + 1)] == [D, D, 0]
    hidden = np.full((2, D), 0.1, np.float32)
    hidden[0, 0] = 1e4  # takes nothing from its neighbour's steps
    assert head.sketch(2).rounding(hidden)[1] == pytest.approx(0.1 / 127 / 2 * D**0.5, rel=1e-5)


def test_of_equal_logits_the_first_is_taken(head: Head, weight: np.ndarray) -> None:
    hidden = weight[40:41] * 10
    found = head.logits(hidden)[0]
    assert np.flatnonzero(found == found.max()).tolist() == [40, 1700]
    assert head.likeliest(hidden, nothing).tolist() == [40]


def test_a_banned_token_gives_way_to_the_next(head: Head) -> None:
    hidden = np.random.default_rng(3).standard_normal((4, D)).astype(np.float32)
    best = head.logits(hidden).argmax(axis=1)

    def ban(logits: np.ndarray) -> np.ndarray:
        logits[np.arange(4), best] = -np.inf
        return logits

    wanted = ban(head.logits(hidden)).argmax(axis=1)
    assert head.likeliest(hidden, ban).tolist() == wanted.tolist()


def test_the_whole_product_is_made_only_where_much_is_in_question(head: Head, weight: np.ndarray) -> None:
    made: list[str] = []

    def whole() -> ort.InferenceSession:
        made.append("whole")
        return head.whole

    once = Head(head.weight, head.bias, Rough.of(weight), sketch=head.sketch, whole=whole)
    certain = weight[[40, 50, 60]] * 10
    once.likeliest(certain, nothing)
    assert made == []
    vague = np.zeros(
        (FEW_ROWS + 1, D), np.float32
    )  # an outlier takes all of int8's steps from the other rows
    vague[0, 0], vague[1:, 1:] = 1e4, 0.1
    wanted = head.logits(vague).argmax(axis=1)
    assert once.likeliest(vague, nothing).tolist() == wanted.tolist()
    assert made == ["whole"]


@pytest.mark.parametrize("most", [63, 127])
def test_rough_weights_say_how_rough_they_are(weight: np.ndarray, most: int) -> None:
    rough = Rough.of(weight, most=most)
    assert int(np.abs(rough.int8).max()) == most
    kept = rough.int8.T * rough.scale[:, None]
    assert np.allclose(rough.size, np.linalg.norm(kept, axis=1), rtol=1e-5)
    assert np.allclose(rough.error, np.linalg.norm(weight - kept, axis=1), rtol=1e-3, atol=1e-6)
    assert not kept[7].any()


@pytest.mark.parametrize("value", [np.nan, -np.inf])
@pytest.mark.parametrize("n_rows", [1, FEW_ROWS + 1])
def test_weights_that_are_no_numbers_are_left_to_the_whole_product(
    weight: np.ndarray, tmp_path: Path, value: float, n_rows: int
) -> None:
    broken = weight.copy()
    broken[9] = value
    tensors = {"model.shared.weight": broken, "final_logits_bias": np.zeros((1, V), np.float32)}
    save_file(tensors, str(tmp_path / "backbone.safetensors"))
    head = open_head(tmp_path, SHAPE, threads=1)
    hidden = np.abs(np.random.default_rng(2).standard_normal((n_rows, D))).astype(np.float32)
    with np.errstate(invalid="ignore"):
        assert head.likeliest(hidden, nothing).tolist() == head.logits(hidden).argmax(axis=1).tolist()
