"""A trained student on disk: safetensors, JSON and Arrow, never pickle; backbone and user table in files of
their own, the graphs of ONNX Runtime and a model card beside them."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BartConfig, BartForConditionalGeneration

from generation.pipeline.artefacts import Artefact, read_manifest, write_folder
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import Student
from generation.pipeline.student.model_card import CARD, model_card
from generation.pipeline.student.row_table import RowTable
from generation.pipeline.student.tokenizer import StudentTokenizer
from generation.pipeline.student.user_table import UNKNOWN_USER, UserTable, write_shard

KIND = "student"
BACKBONE, TABLE = "backbone.safetensors", "users.safetensors"
"""Of a training's own state; a finished student's user table is in shards (user_table.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentParts:
    """What a student needs to explain beside its network, whichever engine runs that."""

    tokenizer: StudentTokenizer
    users: Mapping[str, int]
    """User -> row of the table, from 1; empty for a student without users."""
    config: StudentConfig
    sha256: str
    """Of the artefact; empty before it was saved."""
    facts: dict[str, Any]
    """What the training left in the manifest: seed, steps, losses."""

    def row(self, user: str) -> int:
        return self.users.get(user, UNKNOWN_USER)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedStudent(StudentParts):
    """A student with its network: nothing of the training is read again."""

    model: Student


def save(
    student: TrainedStudent, root: Path, facts: Mapping[str, Any] | None = None, *, export: bool = True
) -> Artefact:
    """Write the student as an artefact under `root`; the same student and facts give the same artefact.

    Without `export` the graphs of ONNX Runtime are left out, and drawn each time an engine opens the student.
    """

    def fill(folder: Path) -> None:
        write_parts(student, folder)
        if export:
            _export(folder)

    return write_folder(root, KIND, fill, dict(facts or student.facts))


def write_parts(student: TrainedStudent, folder: Path) -> None:
    """The files of the student itself, into a folder that is there."""
    _save_backbone(student.model, folder)
    if (table := student.model.users) is not None:
        names = sorted(student.users, key=lambda user: student.users[user])
        weight = (
            table.weight
            if isinstance(table, (nn.Embedding, RowTable))
            else table(torch.arange(len(names) + 1))
        )
        write_shard(folder, names, weight.detach().cpu().numpy()[1:])
    student.tokenizer.save(folder / "tokenizer.json")
    _dump(folder / "titles.json", list(student.tokenizer.title_ids.values()))
    _dump(folder / "student.json", student.config.to_json())
    _dump(folder / "bart.json", student.model.bart.config.to_dict())
    card = model_card(
        student.config,
        student.facts,
        n_parameters=sum(parameter.numel() for parameter in student.model.bart.parameters()),
        n_users=len(student.users),
    )
    (folder / CARD).write_text(card, encoding="utf-8")


def load(path: Path, *, verify: bool = False, device: str = "cpu") -> TrainedStudent:
    """Open a student for explaining with torch; with `verify` every byte is checked against the manifest first.

    Raises:
        NotAnArtefact, DamagedArtefact: the folder is not a whole student.
        ValueError: the artefact is of another kind.
    """
    parts = load_parts(path, verify=verify)
    return TrainedStudent(
        model=read_model(path, parts).to(device).eval(),
        tokenizer=parts.tokenizer,
        users=parts.users,
        config=parts.config,
        sha256=parts.sha256,
        facts=parts.facts,
    )


def load_parts(path: Path, *, verify: bool = False) -> StudentParts:
    """All of a student but its network.

    Raises:
        NotAnArtefact, DamagedArtefact: the folder is not a whole student.
        ValueError: the artefact is of another kind, or from before user tables had shards.
    """
    artefact = read_manifest(path, verify=verify)
    if artefact.kind != KIND:
        raise ValueError(
            f"{path} is a {artefact.kind}, not a {KIND}: give the artefact of a train_student run"
        )
    if (path / "users.json").exists():
        raise ValueError(f"{path} was written by an earlier version of Prism; train the student again")
    return StudentParts(
        tokenizer=StudentTokenizer.load(path / "tokenizer.json", _read(path / "titles.json")),
        users=UserTable.open(path),
        config=StudentConfig.from_json(_read(path / "student.json")),
        sha256=artefact.sha256,
        facts=dict(artefact.manifest),
    )


def save_weights(model: Student, folder: Path) -> None:
    """Backbone and user table of a training under way; tied tensors once."""
    _save_backbone(model, folder)
    if isinstance(model.users, (nn.Embedding, RowTable)):
        save_file({"weight": model.users.weight.detach().cpu().contiguous()}, str(folder / TABLE))


def load_weights(model: Student, folder: Path) -> None:
    """Put what `save_weights` kept into a model of the same shape, in place."""
    _load_backbone(model, folder)
    if isinstance(model.users, (nn.Embedding, RowTable)):
        with torch.no_grad():
            model.users.weight.copy_(load_file(str(folder / TABLE))["weight"])


def read_model(path: Path, parts: StudentParts) -> Student:
    """The network of a saved student, in evaluation mode and fp32, over the mapped user table."""
    bart = BartForConditionalGeneration._from_config(
        BartConfig.from_dict(_read(path / "bart.json")), attn_implementation=parts.config.attention
    )
    table = parts.users if parts.config.with_user and isinstance(parts.users, UserTable) else None
    model = Student.over(bart, table)
    _load_backbone(model, path)
    return model.eval()


def _export(folder: Path) -> None:
    from generation.pipeline.student.onnx_export import export
    from generation.pipeline.student.onnx_graph import UnsupportedBart

    with suppress(UnsupportedBart):  # then torch alone explains with it, and the other engines say so
        export(folder)


def _save_backbone(model: Student, folder: Path) -> None:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.bart.state_dict().items()}
    save_file(_without_ties(tensors), str(folder / BACKBONE))


def _load_backbone(model: Student, folder: Path) -> None:
    missing, unexpected = model.bart.load_state_dict(load_file(str(folder / BACKBONE)), strict=False)
    model.bart.tie_weights()
    left_out = [name for name in missing if name not in _tied_names(model)]
    if left_out or unexpected:
        raise ValueError(
            f"{folder / BACKBONE} does not fit this BART: missing {left_out}, unexpected {list(unexpected)}"
        )


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
