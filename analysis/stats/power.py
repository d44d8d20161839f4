"""How many cases a study needs before it starts, for the paired t-test on case means.

The unit is the case, after averaging its annotators; effect sizes are dz, the mean difference over the
standard deviation of the differences. More annotators a case make dz larger, more cases make it surer.

Reference: Cohen (1988) Statistical Power Analysis, chapter 2; noncentral t as in statsmodels and pingouin.
"""

import math

from statsmodels.stats.power import TTestPower


def cases_needed(dz: float, *, power: float = 0.8, significance: float = 0.05) -> float:
    """Cases for this power at a two-sided test; round up. At dz 0.5 and the defaults, 33.4.

    Args:
        dz: smallest difference worth finding, not 0.
        power: chance of finding it if it is there, 0..1.
        significance: two-sided; divide by the number of tests when planning for Holm.

    Raises:
        ValueError: an effect of 0, or chances outside 0..1.
    """
    _refuse(power=power, significance=significance)
    if not math.isfinite(dz) or dz == 0:
        raise ValueError(f"no number of cases finds an effect of {dz}; give the smallest dz worth finding")
    return float(TTestPower().solve_power(effect_size=abs(dz), alpha=significance, power=power))


def power_with(n_cases: int, dz: float, *, significance: float = 0.05) -> float:
    """Chance that so many cases show an effect of this size at a two-sided test.

    Raises:
        ValueError: fewer than two cases, or a significance outside 0..1.
    """
    _refuse(significance=significance)
    if n_cases < 2:
        raise ValueError(f"a paired test needs two cases or more, got {n_cases}")
    return float(TTestPower().power(effect_size=abs(dz), nobs=n_cases, alpha=significance))


def smallest_effect(n_cases: int, *, power: float = 0.8, significance: float = 0.05) -> float:
    """The dz that so many cases find with this power; smaller true differences will mostly be missed.

    Raises:
        ValueError: fewer than two cases, or chances outside 0..1.
    """
    _refuse(power=power, significance=significance)
    if n_cases < 2:
        raise ValueError(f"a paired test needs two cases or more, got {n_cases}")
    return float(TTestPower().solve_power(nobs=n_cases, alpha=significance, power=power))


def _refuse(**chances: float) -> None:
    for name, value in chances.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} lies between 0 and 1, got {value}")
