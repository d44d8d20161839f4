"""All that a training follows from, as values that can be handed to other processes: files, settings and a seed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from generation.pipeline.case_files import ROWS_A_BATCH, read_cases
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Item, Split
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.pairs import DistilledPair, PairTable
from generation.pipeline.student.training import train
from generation.pipeline.student.training_summary import Drawn, Progress, TrainingSummary


class ForeignText(ValueError):
    """A text of the teacher's belongs to none of the cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What to train on, how, and where to; the same plan trains the same student."""

    corpus: Path
    """The artefact of an import: the items."""
    cases: Path
    """The artefact with the training and validation cases."""
    distilled: Path
    """The artefact with the teacher's texts, which come in the order of the cases."""
    config: StudentConfig
    folder: Path
    """Where state and student are written."""
    seed: int
    device: str = "cpu"
    export: bool = True
    about: Mapping[str, Any]
    """Facts for the model card that only the caller knows."""

    def to_json(self) -> dict[str, Any]:
        places = {name: str(getattr(self, name)) for name in ("corpus", "cases", "distilled", "folder")}
        plain = {name: getattr(self, name) for name in ("seed", "device", "export")}
        return {**places, **plain, "config": self.config.to_json(), "about": dict(self.about)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TrainingPlan":
        places = {name: Path(values[name]) for name in ("corpus", "cases", "distilled", "folder")}
        return cls(**{**values, **places, "config": StudentConfig.from_json(values["config"])})

    def train(
        self,
        *,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        kept: Callable[[tuple[str, ...]], object] | None = None,
        drawn: Drawn | None = None,
    ) -> TrainingSummary:
        """Read the files and train in this process; what is called meanwhile is what `training.train` calls.

        Raises:
            ForeignText: the texts are of other cases.
            NothingToLearn: no training or no validation pair is left.
        """
        items = read_items(self.corpus)
        return train(
            *self.pairs(items),
            self.config,
            self.folder,
            self.seed,
            catalogue=items,
            progress=progress,
            should_stop=should_stop,
            kept=kept,
            drawn=drawn,
            device=self.device,
            export=self.export,
            about=self.about,
        )

    def pairs(self, items: tuple[Item, ...]) -> tuple[PairTable, PairTable]:
        """What to train and what to validate on: cases beside their texts."""
        texts = _golden(self.distilled / "golden.parquet")
        waiting = next(texts, None)

        def met(split: Split) -> Iterator[DistilledPair]:
            nonlocal waiting
            for case in read_cases(self.cases / f"{split}.parquet", items, split):
                if waiting is not None and waiting[0] == case.id:
                    yield DistilledPair(case, waiting[1])
                    waiting = next(texts, None)

        found = PairTable(met("train")), PairTable(met("valid"))
        if waiting is not None:
            raise ForeignText(
                f"the teacher's text for case {waiting[0]} belongs to no case in {self.cases.name}: distil again"
            )
        return found


def _golden(path: Path) -> Iterator[tuple[str, str]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_BATCH, columns=["case_id", "text"]):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
