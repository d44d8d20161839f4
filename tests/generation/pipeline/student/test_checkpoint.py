import json
from pathlib import Path

import pytest
import torch

from generation.pipeline.artefacts import DamagedArtefact, NotAnArtefact, write_folder
from generation.pipeline.records import Decoding
from generation.pipeline.student import checkpoint
from generation.pipeline.student.checkpoint import TrainedStudent, load, save
from generation.pipeline.student.decoding import explain
from generation.pipeline.student.model import build
from generation.pipeline.student.pairs import make_tokenizer
from tests.generation.pipeline.films import FILMS
from tests.generation.pipeline.student.small import config, pairs


def student(*, with_user: bool = True) -> TrainedStudent:
    shape = config(with_user=with_user)
    tokenizer = make_tokenizer(shape, pairs(30), FILMS)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(shape, vocab_size=len(tokenizer), n_users=2)
    users = {"zoë": 1, "ann": 2} if with_user else {}
    return TrainedStudent(
        model=model.eval(), tokenizer=tokenizer, users=users, config=shape, sha256="", facts={"seed": 0}
    )


@pytest.mark.parametrize("with_user", [True, False])
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, with_user: bool) -> None:
    one = student(with_user=with_user)
    artefact = save(one, tmp_path)
    two = load(artefact.path, verify=True)
    assert two.sha256 == artefact.sha256
    assert (two.users, two.config, two.facts) == (one.users, one.config, one.facts)
    for name, tensor in one.model.bart.state_dict().items():
        assert torch.equal(two.model.bart.state_dict()[name], tensor), name
    if with_user:
        rows = torch.tensor([0, 2, 1])
        assert torch.equal(two.model.users(rows), one.model.users(rows))  # type: ignore[misc]
    texts = [
        explain(each.model, each.tokenizer, ["Explain: Heat (1995)"] * 2, [1, 0], Decoding(max_new_tokens=8))
        for each in (one, two)
    ]
    assert texts[0] == texts[1]


def test_backbone_and_users_are_files_of_their_own_and_none_is_a_pickle(tmp_path: Path) -> None:
    folder = save(student(), tmp_path).path
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "README.md",
        "backbone.safetensors",
        "bart.json",
        "decoder-fp32.onnx",
        "decoder-int8.onnx",
        "encoder-fp32.onnx",
        "encoder-int8.onnx",
        "int8.safetensors",
        "manifest.json",
        "student.json",
        "titles.json",
        "tokenizer.json",
        "users-00000.arrow",
        "users-00000.safetensors",
    ]
    for path in folder.glob("*.json"):
        json.loads(path.read_text())
    sizes = {name: (folder / name).stat().st_size for name in names}
    assert sizes["users-00000.safetensors"] < 2 * 32 * 4 + 200 < sizes["backbone.safetensors"]
    graphs = sum(size for name, size in sizes.items() if name.endswith(".onnx"))
    assert graphs < sizes["backbone.safetensors"]  # they name their weights, and hold none


def test_the_same_student_is_the_same_artefact(tmp_path: Path) -> None:
    assert save(student(), tmp_path / "a").sha256 == save(student(), tmp_path / "b").sha256


def test_damage_and_other_kinds_are_refused(tmp_path: Path) -> None:
    folder = save(student(), tmp_path).path
    raw = bytearray((folder / checkpoint.BACKBONE).read_bytes())
    raw[-1] ^= 1
    (folder / checkpoint.BACKBONE).write_bytes(bytes(raw))
    with pytest.raises(DamagedArtefact, match="backbone"):
        load(folder, verify=True)
    with pytest.raises(NotAnArtefact):
        load(tmp_path)
    other = write_folder(tmp_path, "corpus", lambda into: (into / "a").write_text("a") and None, {})
    with pytest.raises(ValueError, match="is a corpus, not a student"):
        load(other.path)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    checkpoint.save_weights(student().model, tmp_path)
    other = build(config(layers=2), vocab_size=len(student().tokenizer), n_users=2)
    with pytest.raises(ValueError, match="does not fit this BART"):
        checkpoint.load_weights(other, tmp_path)
