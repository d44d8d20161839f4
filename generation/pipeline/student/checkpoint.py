"""A trained student on disk: safetensors and JSON, never pickle; backbone and user table in files of
their own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import BartConfig, BartForConditionalGeneration

from generation.pipeline.artefacts import Artefact, read_manifest, write_folder
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import UNKNOWN_USER, Student
from generation.pipeline.student.tokenizer import StudentTokenizer

KIND = "student"
BACKBONE, TABLE = "backbone.safetensors", "users.safetensors"
"""Apart, so that new users do not rewrite the backbone."""


@dataclass(frozen=True, slots=True)
class TrainedStudent:
    """A student with all it needs to explain: nothing of the training is read again."""

    model: Student
    tokenizer: StudentTokenizer
    users: dict[str, int]
    """User -> row of the table, from 1; empty for a student without users."""
    config: StudentConfig
    sha256: str
    """Of the artefact; empty before it was saved."""
    facts: dict[str, Any]
    """What the training left in the manifest: seed, steps, losses."""

    def row(self, user: str) -> int:
        return self.users.get(user, UNKNOWN_USER)


def save(student: TrainedStudent, root: Path, facts: Mapping[str, Any] | None = None) -> Artefact:
    """Write the student as an artefact under `root`; the same student and facts give the same artefact."""
    return write_folder(root, KIND, lambda folder: write_parts(student, folder), dict(facts or student.facts))


def write_parts(student: TrainedStudent, folder: Path) -> None:
    """The files themselves, into a folder that is there."""
    save_weights(student.model, folder)
    student.tokenizer.save(folder / "tokenizer.json")
    _dump(folder / "titles.json", list(student.tokenizer.title_ids.values()))
    _dump(folder / "users.json", sorted(student.users, key=lambda user: student.users[user]))
    _dump(folder / "student.json", student.config.to_json())
    _dump(folder / "bart.json", student.model.bart.config.to_dict())


def load(path: Path, *, verify: bool = False, device: str = "cpu") -> TrainedStudent:
    """Open a student for explaining; with `verify` every byte is checked against the manifest first.

    Raises:
        NotAnArtefact, DamagedArtefact: the folder is not a whole student.
        ValueError: the artefact is of another kind.
    """
    artefact = read_manifest(path, verify=verify)
    if artefact.kind != KIND:
        raise ValueError(
            f"{path} is a {artefact.kind}, not a {KIND}: give the artefact of a train_student run"
        )
    names = _read(path / "users.json")
    return TrainedStudent(
        model=read_model(path, n_users=len(names)).to(device).eval(),
        tokenizer=StudentTokenizer.load(path / "tokenizer.json", _read(path / "titles.json")),
        users={name: row for row, name in enumerate(names, start=1)},
        config=StudentConfig.from_json(_read(path / "student.json")),
        sha256=artefact.sha256,
        facts=dict(artefact.manifest),
    )


def save_weights(model: Student, folder: Path) -> None:
    """Backbone and user table; tied tensors once."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.bart.state_dict().items()}
    save_file(_without_ties(tensors), str(folder / BACKBONE))
    if model.users is not None:
        save_file({"weight": model.users.weight.detach().cpu().contiguous()}, str(folder / TABLE))


def load_weights(model: Student, folder: Path) -> None:
    """Put saved weights into a model of the same shape, in place."""
    missing, unexpected = model.bart.load_state_dict(load_file(str(folder / BACKBONE)), strict=False)
    model.bart.tie_weights()
    left_out = [name for name in missing if name not in _tied_names(model)]
    if left_out or unexpected:
        raise ValueError(
            f"{folder / BACKBONE} does not fit this BART: missing {left_out}, unexpected {list(unexpected)}"
        )
    if model.users is not None:
        with torch.no_grad():
            model.users.weight.copy_(load_file(str(folder / TABLE))["weight"])


def read_model(path: Path, *, n_users: int) -> Student:
    """The network of a saved student, in evaluation mode and fp32."""
    config = StudentConfig.from_json(_read(path / "student.json"))
    bart = BartForConditionalGeneration._from_config(
        BartConfig.from_dict(_read(path / "bart.json")), attn_implementation=config.attention
    )
    model = Student(bart, n_users if config.with_user else None)
    load_weights(model, path)
    return model.eval()


def _without_ties(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    seen: set[tuple[int, tuple[int, ...]]] = set()
    kept = {}
    for name, tensor in tensors.items():
        place = (tensor.data_ptr(), tuple(tensor.shape))
        if place not in seen or tensor.numel() == 0:
            kept[name] = tensor
        seen.add(place)
    return kept


def _tied_names(model: Student) -> set[str]:
    state = model.bart.state_dict()
    places = [tensor.data_ptr() for tensor in state.values()]
    return {name for name, tensor in state.items() if places.count(tensor.data_ptr()) > 1}


def _dump(path: Path, value: Any) -> None:
    path.write_text(
        json.dumps(value, ensure_ascii=False, sort_keys=isinstance(value, dict)), encoding="utf-8"
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
