"""ONNX Runtime against torch, on a small student with weights large enough to have opinions."""

import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from generation.pipeline import systems
from generation.pipeline.artefacts import DamagedArtefact
from generation.pipeline.records import Decoding
from generation.pipeline.sampling import UnsupportedDecoding
from generation.pipeline.student import ENGINES, onnx_engine, onnx_sessions
from generation.pipeline.student.batches import pad
from generation.pipeline.student.checkpoint import TrainedStudent, load, save
from generation.pipeline.student.engines import NoRuntime, open_engine
from generation.pipeline.student.model import build
from generation.pipeline.student.onnx_engine import NoExport, OnnxEngine
from generation.pipeline.student.onnx_export import PRECISIONS, Precision, located, quantise
from generation.pipeline.student.onnx_graph import Graph, Shape, UnsupportedBart
from generation.pipeline.student.onnx_linear import block_of, in_blocks, int8_linear
from generation.pipeline.student.pairs import make_tokenizer
from tests.generation.pipeline.films import FILMS, cases
from tests.generation.pipeline.student.small import config, pairs

PROMPTS = [
    f"Explain: {one.item.label} | Watched: {one.history[0].label}" + " and" * (7 * i % 23)
    for i, one in enumerate(cases(40))
]
ROWS = [i % 3 for i in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = config(title_tokens=True)
    tokenizer = make_tokenizer(shape, pairs(60), FILMS)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build(shape, vocab_size=len(tokenizer), n_users=2).eval()
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        model.users.weight[0].zero_()  # type: ignore[union-attr, operator, index]
    one = TrainedStudent(
        model=model, tokenizer=tokenizer, users={"ann": 1, "ben": 2}, config=shape, sha256="", facts={}
    )
    return save(one, tmp_path_factory.mktemp("student")).path


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(max_new_tokens=12),
        Decoding(max_new_tokens=12, no_repeat_titles=True),
        Decoding(max_new_tokens=12, no_repeat_ngram_size=2),
        Decoding(max_new_tokens=12, no_repeat_ngram_size=1),
        Decoding(max_new_tokens=12, min_new_tokens=12, no_repeat_ngram_size=1),
    ],
    ids=["greedy", "no title twice", "no bigram twice", "no token twice", "no token twice, long"],
)
@pytest.mark.parametrize("batch_size", [1, 16])
def test_the_exact_engine_writes_what_torch_writes(folder: Path, decoding: Decoding, batch_size: int) -> None:
    reference, exact = open_engine("torch", folder), open_engine("onnx", folder)
    n = 40 if batch_size > 1 else 8
    wanted = reference.write(PROMPTS[:n], ROWS[:n], decoding, batch_size=batch_size)
    assert exact.write(PROMPTS[:n], ROWS[:n], decoding, batch_size=batch_size) == wanted
    assert len({each.text for each in wanted}) > 2


def test_log_probabilities_agree_with_padding_and_without_a_user(folder: Path) -> None:
    student = load(folder)
    ids = student.tokenizer.encode(PROMPTS[:8])
    input_ids, mask = pad(ids, student.tokenizer.pad)
    rows = np.array(ROWS[:8])
    targets = np.random.default_rng(0).integers(5, 60, (8, 6))
    targets[:, 0] = 2
    with torch.no_grad():
        logits = student.model(
            input_ids=input_ids,
            attention_mask=mask,
            user_rows=torch.from_numpy(rows),
            decoder_input_ids=torch.from_numpy(targets),
        ).logits
    wanted = torch.log_softmax(logits, -1).numpy()
    vectors = student.users.vectors(rows)  # type: ignore[attr-defined]
    assert not vectors[rows == 0].any()
    got = OnnxEngine(folder).log_probabilities(input_ids.numpy(), mask.numpy(), vectors, targets)
    assert np.abs(got - wanted).max() < 1e-4
    rough = OnnxEngine(folder, precision="int8").log_probabilities(
        input_ids.numpy(), mask.numpy(), vectors, targets
    )
    assert np.abs(rough - wanted).max() > 1e-4  # int8 is no second name of fp32
    agree = (rough.argmax(-1) == wanted.argmax(-1)).mean()
    assert agree > 0.6


@pytest.mark.parametrize("precision", PRECISIONS)
def test_prompts_encoded_in_parts_are_those_encoded_together(
    folder: Path, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    student, engine = load(folder), OnnxEngine(folder, precision=precision)
    input_ids, mask = (
        each.numpy() for each in pad(student.tokenizer.encode(PROMPTS[:9]), student.tokenizer.pad)
    )
    vectors, targets = student.users.vectors(ROWS[:9]), np.full((9, 3), 2)  # type: ignore[attr-defined]
    whole = engine.log_probabilities(input_ids, mask, vectors, targets)
    monkeypatch.setattr(onnx_engine, "AT_ONCE", 60)
    assert len(onnx_engine.together(mask.sum(axis=1).tolist(), 60)) > 2
    apart = engine.log_probabilities(input_ids, mask, vectors, targets)
    # in int8 a part has steps of its own
    assert np.abs(apart - whole).max() < {"fp32": 1e-4, "int8": 1.5}[precision]


@given(lengths=st.lists(st.integers(0, 700), min_size=1, max_size=40), most=st.integers(1, 600))
def test_every_prompt_is_encoded_once_with_its_like(lengths: list[int], most: int) -> None:
    parts = onnx_engine.together(lengths, most)
    assert sorted(row for rows, _ in parts for row in rows) == list(range(len(lengths)))
    for rows, length in parts:
        assert rows == sorted(rows)
        assert length == max(1, *(lengths[row] for row in rows))
        assert len(rows) * length <= most or len(rows) == 1
    assert [length for _, length in parts] == sorted(length for _, length in parts)


def test_graphs_of_another_version_are_drawn_anew(folder: Path, tmp_path: Path) -> None:
    old = shutil.copytree(folder, tmp_path / folder.name)
    for path in old.glob("*.onnx"):
        model = onnx.load(str(path), load_external_data=False)
        model.model_version -= 1
        del model.graph.node[:]
        path.write_bytes(model.SerializeToString())
    ids = np.array([[5, 6, 7]])
    for precision in PRECISIONS:
        now, then = (OnnxEngine(each, precision=precision) for each in (folder, old))
        wanted, got = (
            each.log_probabilities(
                ids, np.ones_like(ids), np.zeros((1, each.shape.d_model), np.float32), np.array([[2, 9]])
            )
            for each in (now, then)
        )
        assert np.array_equal(got, wanted)


def test_few_rows_are_multiplied_by_the_same_int8_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = OnnxEngine(folder, precision="int8")
    ids = np.arange(5, 25).reshape(2, 10)
    vectors, targets = np.zeros((2, engine.shape.d_model), np.float32), np.array([[2, 9, 30], [2, 31, 8]])
    few = engine.log_probabilities(ids, np.ones_like(ids), vectors, targets)
    assert engine.few_rows is not engine.decoder
    monkeypatch.setattr(onnx_sessions, "blocks_are_exact", lambda: False)
    plain = OnnxEngine(folder, precision="int8")
    many = plain.log_probabilities(ids, np.ones_like(ids), vectors, targets)
    assert plain.few_rows is plain.decoder
    exact = OnnxEngine(folder).log_probabilities(ids, np.ones_like(ids), vectors, targets)
    assert np.abs(few - many).max() > 0  # another rounding of what is multiplied
    assert np.abs(few - many).mean() < np.abs(many - exact).mean() * 2
    assert OnnxEngine(folder).few_rows is not engine.few_rows


def test_weights_in_blocks_are_the_int8_weights() -> None:
    rng = np.random.default_rng(0)
    int8, scale = rng.integers(-127, 128, (96, 5)).astype(np.int8), rng.random(5).astype(np.float32)
    int8[:, 2], scale[2] = 0, 1
    made = in_blocks(int8, scale)
    assert made["blocks"].shape == (5, 3, 32)
    scales = made["scales"].reshape(5, 3, 1)
    again = ((made["blocks"].astype(np.float32) - 128) * scales).reshape(5, 96).T
    assert np.array_equal(again, int8 * scale)
    assert not scales[2].any()
    assert [block_of(n) for n in (768, 3072, 128, 100, 48)] == [256, 256, 128, 0, 16]


def test_the_saturation_of_a_processor_is_mended_to_the_exact_product(tmp_path: Path) -> None:
    """Weights at both ends of the scale and inputs that make 16-bit sums overflow, against whole numbers."""
    weight = np.where(np.arange(64 * 3).reshape(64, 3) % 2, 127, -127).astype(np.int8)
    weight[:, 0] = 127
    ones, none = np.ones(3, np.float32), np.zeros(3, np.float32)
    parts = {"w.int8": weight, "w.scale": ones, "w.zero": np.zeros(3, np.int8), "w.bias": none}
    save_file(parts, str(tmp_path / "int8.safetensors"))
    graph = Graph()
    graph.rename(int8_linear()(graph, "x", ["w"])[0], "y")
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["B", k]) for n, k in (("x", 64), ("y", 3)))
    model = graph.model("product", [x], [y], dict(located(tmp_path, "int8.safetensors")))
    session = onnx_sessions.open_drawn(model, tmp_path, parts, 1, shifted=True)
    given = np.full((2, 64), 255, np.float32)
    assert np.array_equal(session.run(None, {"x": given})[0], given @ weight.astype(np.float32))


def test_quantised_weights_are_within_half_a_step() -> None:
    weight = np.random.default_rng(0).standard_normal((64, 5)).astype(np.float32)
    weight[:, 2] = 0
    made = quantise(weight)
    assert made["int8"].dtype == np.int8
    assert (np.abs(made["int8"] * made["scale"] - weight) <= made["scale"] / 2 + 1e-7).all()


@pytest.mark.parametrize(
    "decoding", [Decoding(num_beams=2), Decoding(do_sample=True)], ids=["beams", "draws"]
)
def test_what_the_graphs_do_not_do_is_refused_before_work(folder: Path, decoding: Decoding) -> None:
    with pytest.raises(UnsupportedDecoding, match="engine torch"):
        open_engine("onnx", folder).check(decoding)


@pytest.mark.parametrize("name", ["onnx", "onnx-int8"])
def test_a_checkpoint_that_was_never_exported_is_exported_in_memory(
    folder: Path, tmp_path: Path, name: str
) -> None:
    bare = save(load(folder), tmp_path, export=False).path
    left_out = {path.name for path in folder.iterdir()} - {path.name for path in bare.iterdir()}
    assert left_out == {f"{half}-{kind}.onnx" for half in ("encoder", "decoder") for kind in PRECISIONS} | {
        "int8.safetensors"
    }
    decoding = Decoding(max_new_tokens=12)
    wanted = open_engine(name, folder).write(PROMPTS[:8], ROWS[:8], decoding)
    assert open_engine(name, bare).write(PROMPTS[:8], ROWS[:8], decoding) == wanted


def test_a_graph_that_is_not_the_checkpoints_own_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / folder.name
    shutil.copytree(folder, other)
    (other / "decoder-fp32.onnx").write_bytes(b"another student's")
    with pytest.raises(DamagedArtefact, match="decoder-fp32"):
        open_engine("onnx", other)


def test_a_machine_without_onnx_runtime_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "generation.pipeline.student.onnx_engine", raising=False)
    with pytest.raises(NoRuntime, match="engine torch"):
        open_engine("onnx", folder)


def test_a_bart_of_another_shape_is_refused_by_name(tmp_path: Path) -> None:
    other = build(config(), vocab_size=300, n_users=1).bart.config
    other.activation_function = "relu"
    with pytest.raises(UnsupportedBart, match="relu"):
        Shape.of(other)
    other.save_pretrained(tmp_path)
    (tmp_path / "config.json").rename(tmp_path / "bart.json")
    with pytest.raises(NoExport, match=r"relu.*engine torch"):
        OnnxEngine(tmp_path)


@pytest.mark.parametrize("name", ENGINES)
def test_a_text_says_which_engine_wrote_it(folder: Path, name: str) -> None:
    system = systems.load("prism", checkpoint=folder, engine=name)
    explained = system.explain(cases(3, n_users=2))
    assert {one.signature.parameters["engine"] for one in explained} == {name}
