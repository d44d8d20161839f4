"""What every engine is, and the two there are: prompts and user rows in, texts out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from generation.pipeline.records import Decoding
from generation.pipeline.registry import load_from
from generation.pipeline.sampling import check
from generation.pipeline.student import ENGINES
from generation.pipeline.student.batches import by_length, pad
from generation.pipeline.student.checkpoint import StudentParts, load, load_parts
from generation.pipeline.student.decoding import Written, check_rows, write
from generation.pipeline.student.user_table import UserTable


class Engine(Protocol):
    """Writes texts with one student. What it writes for a prompt depends on its neighbours in the batch in no
    engine but onnx-int8, whose activations are quantised a batch at a time."""

    name: str
    student: StudentParts

    def check(self, decoding: Decoding) -> None:
        """Refuse what could not be followed, before any work.

        Raises:
            UnsupportedDecoding: names what.
        """
        ...

    def write(
        self,
        prompts: Sequence[str],
        user_rows: Sequence[int],
        decoding: Decoding,
        *,
        seed: int = 0,
        batch_size: int = 32,
    ) -> list[Written]:
        """One text a prompt, in the order of the prompts."""
        ...


def open_engine(name: str, checkpoint: Path, *, device: str = "cpu", threads: int = 1) -> Engine:
    """The engine of that name over a student's artefact.

    Args:
        device: of torch; ONNX Runtime runs on the processor here.
        threads: of ONNX Runtime.

    Raises:
        UnknownName: there is no such engine.
        NoRuntime: ONNX Runtime is not installed.
        NoExport: the checkpoint's BART is of a shape that ONNX Runtime's graphs do not speak.
        DamagedArtefact: a file is missing or of another size than the checkpoint was written with; hashes are checked
            when an artefact is fetched from the store, not each time a student is opened.
    """
    engine: Engine = load_from(ENGINES, name, checkpoint=checkpoint, device=device, threads=threads)
    return engine


class NoRuntime(ImportError):
    """ONNX Runtime is not installed here."""


class TorchEngine:
    name = "torch"

    def __init__(self, checkpoint: Path, device: str) -> None:
        self.student = self._whole = load(checkpoint, device=device)

    def check(self, decoding: Decoding) -> None:
        check(decoding, title_tokens=bool(self.student.tokenizer.title_ids))

    def write(
        self,
        prompts: Sequence[str],
        user_rows: Sequence[int],
        decoding: Decoding,
        *,
        seed: int = 0,
        batch_size: int = 32,
    ) -> list[Written]:
        student = self._whole
        return write(
            student.model, student.tokenizer, prompts, user_rows, decoding, seed=seed, batch_size=batch_size
        )


class OnnxTextEngine:
    """Greedy texts from the graphs that lie in the checkpoint; user vectors from its mapped table."""

    def __init__(self, checkpoint: Path, *, int8: bool, threads: int) -> None:
        try:
            from generation.pipeline.student.onnx_engine import OnnxEngine
        except ImportError as missing:
            raise NoRuntime(
                f"{missing}: install Prism with its extra 'generation', or explain with the engine torch"
            ) from None
        self.name = "onnx-int8" if int8 else "onnx"
        self.student = load_parts(checkpoint)
        self._engine = OnnxEngine(checkpoint, precision="int8" if int8 else "fp32", threads=threads)
        self._once = np.array(list(self.student.tokenizer.title_ids), dtype=np.int64)

    def check(self, decoding: Decoding) -> None:
        from generation.pipeline.student.onnx_engine import check_greedy

        check(decoding, title_tokens=bool(self.student.tokenizer.title_ids))
        check_greedy(decoding)

    def write(
        self,
        prompts: Sequence[str],
        user_rows: Sequence[int],
        decoding: Decoding,
        *,
        seed: int = 0,
        batch_size: int = 32,
    ) -> list[Written]:
        self.check(decoding)
        tokenizer = self.student.tokenizer
        check_rows(len(prompts), user_rows, self._n_rows())
        ids = tokenizer.encode(prompts)
        texts: dict[int, Written] = {}
        for batch in by_length([len(row) for row in ids], batch_size):
            input_ids, mask = pad([ids[i] for i in batch], tokenizer.pad)
            out = self._engine.generate(
                input_ids.numpy(),
                mask.numpy(),
                self._vectors([user_rows[i] for i in batch]),
                decoding=decoding,
                start=self._engine.start,
                eos=tokenizer.eos,
                pad=tokenizer.pad,
                once=self._once,
            )
            for index, row in zip(batch, out.tolist(), strict=True):
                texts[index] = Written(tokenizer.decode(row), tokenizer.eos in row)
        return [texts[i] for i in range(len(prompts))]

    def _n_rows(self) -> int | None:
        return self.student.users.n_rows if isinstance(self.student.users, UserTable) else None

    def _vectors(self, rows: Sequence[int]) -> np.ndarray:
        """(B, D); zeros where the student has no users."""
        table = self.student.users
        if self.student.config.with_user and isinstance(table, UserTable) and len(table):
            return table.vectors(rows)
        return np.zeros((len(rows), self._engine.shape.d_model), dtype=np.float32)


def torch_engine(*, checkpoint: Path, device: str, threads: int) -> TorchEngine:
    del threads  # torch's are the process's own
    return TorchEngine(checkpoint, device)


def onnx_engine(*, checkpoint: Path, device: str, threads: int) -> OnnxTextEngine:
    del device
    return OnnxTextEngine(checkpoint, int8=False, threads=threads)


def int8_engine(*, checkpoint: Path, device: str, threads: int) -> OnnxTextEngine:
    del device
    return OnnxTextEngine(checkpoint, int8=True, threads=threads)
