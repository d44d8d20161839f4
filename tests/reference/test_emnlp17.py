"""EMNLP 2017 (Novikova et al.): 2,460 outputs, two systems a data set, which did not answer the same inputs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.ratings import RatingTable
from analysis.stats.significance import Unpaired, pair, paired_t

pytestmark = pytest.mark.shared


@pytest.fixture
def sets(shared_data: Path) -> Path:
    return shared_data / "ratings"


def test_emnlp17_systems_with_different_outputs_are_refused(sets: Path) -> None:
    # Novikova et al. (EMNLP 2017): 398 outputs of one system, 477 of the other, analysed unpaired by the
    # authors.
    frame = pd.read_csv(sets / "emnlp17_nlg" / "emnlp_data_medians.csv")
    frame = frame[frame.dataset == "SFHOT"]
    sides = [frame.loc[frame.system == name, "quality"].to_numpy() for name in ("LOLS", "WEN")]
    assert [len(side) for side in sides] == [398, 477]
    with pytest.raises(Unpaired, match=r"\(398,\) and \(477,\) do not pair"):
        paired_t(*sides)
    # Medians go in halves of a point.
    apart = frame.assign(
        case=np.arange(len(frame)), annotator="median", criterion="quality", value=2 * frame["quality"]
    )
    table = RatingTable.from_frame(apart, levels=range(2, 13))
    with pytest.raises(Unpaired, match=r"share 0 cases on quality \(of 398 and 477 rated\)"):
        pair(table, "quality", "LOLS", "WEN")
