"""Trains the small student in a process of its own: `python -m ... FOLDER CHANGES`, CHANGES a JSON object."""

import json
import sys
from pathlib import Path

import torch

from generation.pipeline.student.training import train
from tests.generation.pipeline.student.small import config, pairs


def main() -> None:
    folder, changes = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(1)
    progress = folder / "progress.txt"
    summary = train(
        pairs(96),
        pairs(16, seed=9),
        config(**changes),
        folder,
        1,
        progress=lambda done, total, words: progress.write_text(str(done)) and None,
        export=False,
    )
    found = [summary.artefact.sha256, summary.losses, summary.artefact.manifest["n_processes"]]
    (folder / "losses.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
