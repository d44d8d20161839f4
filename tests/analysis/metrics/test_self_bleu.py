"""Self-BLEU in one pass against sacrebleu, text by text with all others as references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from analysis import metrics
from tests.analysis.metrics.test_metrics import text

TEXTS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), min_size=2, max_size=6)


@settings(max_examples=60)
@given(TEXTS)
def test_it_is_the_mean_of_the_packages_scores_of_each_text(words: list[list[str]]) -> None:
    written = [" ".join(one) for one in words]
    bleu = BLEU(smooth_method="none", tokenize="none", force=True)
    each = [
        bleu.sentence_score(one, written[:row] + written[row + 1 :]).score for row, one in enumerate(written)
    ]
    found = metrics.load("self-bleu").measure([text(one) for one in written])  # type: ignore[union-attr]
    assert found == pytest.approx(np.mean(each), abs=1e-9)


def test_one_text_has_nothing_to_be_like() -> None:
    assert np.isnan(metrics.load("self-bleu").measure([text("A film.")]))  # type: ignore[union-attr]
