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


def long_ratings(wide: pd.DataFrame) -> pd.DataFrame:
    """One row a judgment: annotator, case, system, criterion, value."""
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
    return pd.concat(parts, ignore_index=True)


def long_scores(wide: pd.DataFrame) -> pd.DataFrame:
    """One row a score: case, system, metric, value."""
    named = wide.rename(columns={"prompt_id": "case"}).drop(columns="story_id")
    return named.melt(["case", "system"], var_name="metric")


def write_long(source: Path, target: Path) -> None:
    long_ratings(pd.read_csv(source)).to_csv(target, index=False)


if __name__ == "__main__":
    write_long(Path(sys.argv[1]), Path(sys.argv[2]))
