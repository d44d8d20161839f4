"""The made-up studies of benchmarks.coverage have the kappa they are said to have."""

import numpy as np
import pytest

from analysis.stats.agreement import fleiss_kappa, gwet_ac, randolph_kappa
from benchmarks.coverage import covered, made


@pytest.mark.parametrize("kappa", [0.3, 0.75])
def test_the_population_has_the_kappa_asked_for(kappa: float) -> None:
    cards = made(kappa, 200_000, np.random.default_rng(1))
    for coefficient in (fleiss_kappa, gwet_ac, randolph_kappa):
        assert coefficient(cards).value == pytest.approx(kappa, abs=0.005)  # type: ignore[operator]


def test_an_interval_made_of_the_null_error_is_seen_to_fail() -> None:
    said: list[str] = []
    shares = covered(0.75, 30, repetitions=60, n_resamples=200, say=said.append)
    assert shares["kappa, linearised t"] > 0.85
    assert shares["kappa, BCa"] > 0.85
    assert shares["kappa, se0 (not offered)"] < 0.85
    assert len(said) == len(shares) == 5
