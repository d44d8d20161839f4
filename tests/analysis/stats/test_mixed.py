"""The crossed mixed model: against paired t, the analysis of variance, plain matrices, statsmodels, and simulation."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from analysis.stats.estimates import Undefined
from analysis.stats.mixed import FACTORS, Factor, mixed_model
from analysis.stats.significance import paired_t


def made(
    n_cases: int,
    n_systems: int,
    n_annotators: int,
    k: int,
    *,
    seed: int,
    sd: tuple[float, ...] = (0.5, 0.7, 0.4, 0.8),
) -> pd.DataFrame:
    """k of the annotators rate all texts of a case; SDs of annotator, case, text, rest; systems lie .3 apart."""
    maker = np.random.default_rng(seed)
    people, cases = sd[0] * maker.normal(size=n_annotators), sd[1] * maker.normal(size=n_cases)
    texts = sd[2] * maker.normal(size=(n_cases, n_systems))
    rows = [
        (a, c, s, 3 + 0.3 * s + people[a] + cases[c] + texts[c, s] + sd[3] * maker.normal())
        for c in range(n_cases)
        for a in maker.choice(n_annotators, k, replace=False)
        for s in range(n_systems)
    ]
    return pd.DataFrame(rows, columns=["annotator", "case", "system", "value"])


def fit(frame: pd.DataFrame, *, people: bool = True, wanted: tuple[Factor, ...] = FACTORS):  # type: ignore[no-untyped-def]
    return mixed_model(
        frame["value"],
        system=frame["system"].to_numpy(),
        case=frame["case"].to_numpy(),
        annotator=frame["annotator"].to_numpy() if people else None,
        n_systems=int(frame["system"].max()) + 1,
        wanted=wanted,
    )


WITHOUT_TASTE: tuple[Factor, ...] = ("annotator", "case", "text")


def test_two_systems_rated_once_a_case_give_the_paired_t() -> None:
    frame = made(25, 2, 1, 1, seed=1, sd=(0, 1.2, 0.3, 0.6))
    means = frame.pivot(index="case", columns="system", values="value")
    found, peer = fit(frame, people=False).contrast(1, 0), paired_t(means[1], means[0])
    assert [found.t, found.df, found.p] == pytest.approx([peer.t, 24, peer.p], rel=1e-6)
    assert found.interval.low == pytest.approx(peer.interval.low, abs=1e-6)


def test_three_systems_rated_once_a_case_give_the_analysis_of_variance() -> None:
    frame = made(20, 3, 1, 1, seed=2)
    grid = frame.pivot(index="case", columns="system", values="value").to_numpy()
    rest = grid - grid.mean(axis=0) - grid.mean(axis=1, keepdims=True) + grid.mean()
    within, between = (rest**2).sum() / 38, 3 * grid.mean(axis=1).var(ddof=1)
    model = fit(frame, people=False)
    found = model.contrast(2, 0)
    assert model.variances == pytest.approx({"case": (between - within) / 3, "rest": within}, rel=1e-6)
    assert [found.se, found.df] == pytest.approx([np.sqrt(2 * within / 20), 38], rel=1e-6)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.t), 38), rel=1e-6)


def test_several_annotators_a_text_do_not_make_more_cases() -> None:
    # All annotators rate everything: the test is that of the means of the texts, however many annotators there are.
    frame = made(18, 2, 4, 4, seed=3, sd=(0.5, 0.9, 0.8, 0.5))
    means = frame.groupby(["case", "system"])["value"].mean().unstack()
    found = fit(frame, wanted=WITHOUT_TASTE).contrast(1, 0)
    peer = paired_t(means[1], means[0])
    assert [found.t, found.df] == pytest.approx([peer.t, 17], rel=1e-5)


@pytest.mark.parametrize("sd", [(0, 0.25, 0.3, 1.4), (0, 2.0, 0.2, 1.0)])
def test_variances_small_beside_the_rest_are_not_taken_for_nought(sd: tuple[float, ...]) -> None:
    # Balanced, so the classical mean squares give the same estimates wherever they are above 0.
    frame = made(96, 5, 3, 3, seed=9, sd=sd)
    frame["value"] -= frame.groupby("annotator")["value"].transform("mean")
    texts = frame.groupby(["case", "system"])["value"].mean().unstack().to_numpy()
    within = ((frame["value"] - frame.groupby(["case", "system"])["value"].transform("mean")) ** 2).sum() / (
        96 * 5 * 2
    )
    centred = texts - texts.mean(axis=0)
    case = 15 * centred.mean(axis=1).var(ddof=1)
    text = 3 * ((centred - centred.mean(axis=1, keepdims=True)) ** 2).sum() / (95 * 4)
    given = {"case": (case - text) / 15, "text": (text - within) / 3, "rest": within}
    assert min(given.values()) > 0
    assert fit(frame, people=False).variances == pytest.approx(given, rel=1e-5)


def restricted(frame: pd.DataFrame, variances: dict[str, float]) -> tuple[float, np.ndarray, np.ndarray]:
    """Restricted log-likelihood, means and their covariance from the whole covariance of the ratings, written out."""
    y, n_systems = frame["value"].to_numpy(), int(frame["system"].max()) + 1
    keys = {
        "annotator": frame["annotator"],
        "annotator by system": frame["annotator"] * n_systems + frame["system"],
        "case": frame["case"],
        "text": frame["case"] * n_systems + frame["system"],
    }
    whole = variances["rest"] * np.eye(len(y))
    for name, key in keys.items():
        whole += variances[name] * (key.to_numpy()[:, None] == key.to_numpy())
    x, inverse = np.eye(n_systems)[frame["system"]], np.linalg.inv(whole)
    information = x.T @ inverse @ x
    means = np.linalg.solve(information, x.T @ inverse @ y)
    gap = y - x @ means
    parts = np.linalg.slogdet(whole)[1] + np.linalg.slogdet(information)[1] + gap @ inverse @ gap
    return -0.5 * (parts + (len(y) - n_systems) * np.log(2 * np.pi)), means, np.linalg.inv(information)


def test_it_is_the_restricted_likelihood_of_the_whole_covariance() -> None:
    frame = made(14, 3, 6, 2, seed=4).sample(frac=0.8, random_state=1)  # with holes
    model = fit(frame)
    value, means, covariance = restricted(frame, model.variances)
    assert model.log_likelihood == pytest.approx(value, abs=1e-8)
    assert model.means == pytest.approx(means, abs=1e-9)
    assert model.covariance == pytest.approx(covariance, abs=1e-9)


@pytest.mark.parametrize(("seed", "taste"), [(4, 0.0), (5, 3.0), (6, 0.3)])
def test_the_estimates_lie_at_the_top_of_the_likelihood(seed: int, taste: float) -> None:
    frame = made(14, 3, 6, 2, seed=seed)
    frame["value"] += np.random.default_rng(seed).normal(0, taste, (6, 3))[
        frame["annotator"], frame["system"]
    ]
    variances = fit(frame).variances
    top = restricted(frame, variances)[0]
    for name in variances:
        for moved in (variances[name] * 0.9, variances[name] * 1.1 + 0.01):
            assert restricted(frame, variances | {name: moved})[0] <= top + 1e-9


def test_crossed_variances_are_those_of_statsmodels() -> None:
    frame = made(12, 2, 5, 3, seed=8)
    frame["text"] = frame["case"] * 2 + frame["system"]
    parts = {name: f"0 + C({name})" for name in ("annotator", "case", "text")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = MixedLM.from_formula(
            "value ~ 0 + C(system)", frame, groups=np.ones(len(frame)), vc_formula=parts, re_formula="0"
        ).fit(reml=True, method=["lbfgs"])
    model = fit(frame, wanted=WITHOUT_TASTE)
    given = dict(zip(sorted(parts), peer.vcomp, strict=True)) | {"rest": peer.scale}
    assert model.variances == pytest.approx(given, abs=2e-3)
    assert model.means == pytest.approx(peer.fe_params.to_numpy(), abs=1e-4)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx(peer.bse_fe.to_numpy(), abs=2e-3)
    assert model.log_likelihood >= peer.llf - 1e-6


def test_variances_are_recovered_and_intervals_cover() -> None:
    inside, found = 0, []
    for seed in range(40):
        model = fit(made(40, 2, 8, 3, seed=1000 + seed), wanted=WITHOUT_TASTE)
        inside += 0.3 in model.contrast(1, 0).interval
        found.append([model.variances[name] for name in ("annotator", "case", "text", "rest")])
    assert inside >= 33  # of 40
    assert np.mean(found, axis=0) == pytest.approx([0.25, 0.49, 0.16, 0.64], abs=0.09)


def test_annotators_who_disagree_about_systems_widen_the_interval_to_what_it_should_be() -> None:
    # 8 annotators, 4 a case; what each thinks of a system has a standard deviation of .8.
    inside, naive = 0, 0
    for seed in range(30):
        maker = np.random.default_rng(seed)
        frame = made(24, 2, 8, 4, seed=3000 + seed, sd=(0.5, 0.5, 0.3, 0.8))
        taste = maker.normal(0, 0.8, (8, 2))
        frame["value"] += taste[frame["annotator"], frame["system"]]
        inside += 0.3 in fit(frame).contrast(1, 0).interval
        naive += 0.3 in fit(frame, wanted=WITHOUT_TASTE).contrast(1, 0).interval
    assert inside >= 25  # of 30; a 95% interval falls below that once in two thousand
    assert naive <= 20


def test_with_tastes_alone_the_contrast_is_the_paired_t_of_the_annotators() -> None:
    # Cases and texts differ by nothing: what is left to test a difference against is how annotators differ about it.
    frame = made(30, 2, 9, 9, seed=12, sd=(0.6, 0, 0, 0.4))
    frame["value"] += np.random.default_rng(1).normal(0, 0.8, (9, 2))[frame["annotator"], frame["system"]]
    own = frame.groupby(["annotator", "system"])["value"].mean().unstack()
    found = fit(frame, wanted=("annotator", "annotator by system")).contrast(1, 0)
    peer = paired_t(own[1], own[0])
    assert [found.t, found.df] == pytest.approx([peer.t, 8], rel=1e-5)


def test_factors_that_cannot_be_told_apart_stay_out_and_say_why() -> None:
    single = fit(made(20, 2, 4, 1, seed=5))
    assert set(single.variances) == {"annotator", "annotator by system", "case", "rest"}
    assert "each text has one rating" in single.left_out["text"]
    frame = made(20, 2, 4, 2, seed=6)
    apart = fit(frame.assign(case=frame["case"] * 2 + frame["system"]))
    assert set(apart.variances) == {"annotator", "annotator by system", "text", "rest"}
    assert "each case has one text" in apart.left_out["case"]
    assert "do not follow persons" in fit(frame, people=False).left_out["annotator"]


def test_a_factor_without_variance_is_nought_and_the_rest_is_fitted() -> None:
    frame = made(30, 2, 6, 3, seed=7, sd=(0.0, 0.9, 0.0, 0.7))
    frame["value"] -= frame.groupby("annotator")["value"].transform("mean")
    model = fit(frame)
    assert model.variances["annotator"] == 0
    assert model.contrast(1, 0).df > 10


@pytest.mark.parametrize(
    ("value", "system", "words"),
    [
        ([3, 3, 3, 3], [0, 1, 0, 1], "every rating is 3 (100% agreement)"),
        ([1, 2, 3, 4], [0, 0, 0, 0], "fewer than two systems"),
        ([1, 2], [0, 1], "2 ratings of 2 systems leave no rest"),
        ([1, 2, 1, 2], [0, 1, 0, 1], "explain every rating"),
    ],
)
def test_what_cannot_be_fitted_says_why(value: list[float], system: list[int], words: str) -> None:
    case = np.arange(len(value)) // 2
    found = mixed_model(value, system=np.array(system), case=case, annotator=None, n_systems=2)
    assert isinstance(found, Undefined)
    assert words in found.reason
