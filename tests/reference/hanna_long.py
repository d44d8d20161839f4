"""Reshape HANNA (Chhun et al. 2022, MIT) into the long file `manage.py analyse` reads. The data is not part of Prism.

    python -m tests.reference.hanna_long ratings_wide.csv hanna.csv
    python manage.py analyse hanna.csv --slots --out hanna-report

The slots 1 to 3 carry no rater identity, hence the pseudonyms "slot-1" to "slot-3" and the option --slots. A
case is a
prompt: every system wrote one story for each.
"""

import sys
from pathlib import Path

import pandas as pd

CRITERIA = ("Relevance", "Coherence", "Empathy", "Surprise", "Engagement", "Complexity")


def write_long(source: Path, target: Path) -> None:
    """One row a judgment: annotator, case, system, criterion, value."""
    wide = pd.read_csv(source)
    parts = [
        pd.DataFrame(
            {
                "annotator": f"slot-{slot}",
                "case": wide["prompt_id"],
                "system": wide["system"],
                "criterion": criterion,
                "value": wide[f"{criterion}_{slot}"],
            }
        )
        for criterion in CRITERIA
        for slot in (1, 2, 3)
    ]
    pd.concat(parts).to_csv(target, index=False)


if __name__ == "__main__":
    write_long(Path(sys.argv[1]), Path(sys.argv[2]))
