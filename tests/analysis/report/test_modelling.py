"""Models of all ratings in the report: against the models themselves, statsmodels and the tests over cases."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from analysis.report.analyse import Subject, analyse
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import System
from analysis.report.model_prose import on_models
from analysis.report.modelling import model
from analysis.report.page import sections
from analysis.report.tables import all_tables
from analysis.stats.mixed import mixed_model
from analysis.stats.ordinal import cumulative_link_mixed
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

NAMES = ("ann", "bob", "cy")


def frame(n_cases: int = 24, *, k: int = 3) -> pd.DataFrame:
    """Six annotators of different severity, k a case, all systems of a case rated by the same."""
    maker, rows = np.random.default_rng(6), []
    severity, people = maker.normal(0, 0.6, 6), "ABCDEF"
    for case in range(n_cases):
        level = maker.normal(0, 0.6)
        for annotator in maker.choice(6, k, replace=False):
            for place, system in enumerate(NAMES):
                for criterion, gap in (("clear", 0.8), ("new", 0.0)):
                    mark = 3 + gap * (place - 1) + level + severity[annotator] + maker.normal(0, 0.8)
                    rows.append(
                        (people[annotator], f"c{case}", system, criterion, int(np.clip(round(mark), 1, 5)))
                    )
    return pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])


def found(given: pd.DataFrame, **options: bool) -> StudyFindings:
    table = RatingTable.from_frame(given, **options)  # type: ignore[arg-type]
    subject = Subject("x", systems=tuple(System(name, name.title()) for name in NAMES))
    return analyse(table, subject=subject, seed=1, created="", n_resamples=100, n_permutations=19)


def test_the_linear_model_is_that_of_all_ratings() -> None:
    given = frame()
    one = next(m for m in found(given).models if (m.criterion, m.kind) == ("clear", "linear mixed"))
    own = given[given.criterion == "clear"]
    peer = mixed_model(
        own["value"],
        system=pd.Categorical(own["system"], NAMES).codes.astype(np.int64),
        case=pd.factorize(own["case"])[0],
        annotator=pd.factorize(own["annotator"])[0],
        n_systems=3,
    )
    assert {row.factor: row.variance.value for row in one.variances} == pytest.approx(
        peer.variances, rel=1e-6
    )
    assert sum(row.share for row in one.variances) == pytest.approx(1)
    contrast = peer.contrast(0, 2)
    row = next(row for row in one.contrasts if (row.first, row.second) == ("ann", "cy"))
    assert [row.estimate.value, row.se, row.statistic, row.p] == pytest.approx(
        [contrast.estimate, contrast.se, contrast.t, contrast.p], rel=1e-6
    )
    assert row.estimate.value < -1
    assert (one.n_ratings, len(one.contrasts)) == (216, 3)


def test_the_cumulative_link_model_groups_by_text_and_all_pairs_follow_from_one_fit() -> None:
    given = frame()
    one = next(m for m in found(given).models if (m.criterion, m.kind) == ("clear", "cumulative link"))
    own = given[given.criterion == "clear"]
    for first in NAMES:  # measured from another system each time
        others = [name for name in NAMES if name != first]
        x = np.column_stack([own["system"] == name for name in others]).astype(float)
        peer = cumulative_link_mixed(own["value"], x, own["case"] + own["system"])
        for place, name in enumerate(others):
            row = next((r for r in one.contrasts if (r.first, r.second) == (name, first)), None)
            if row is not None:
                assert [row.estimate.value, row.se] == pytest.approx(
                    [peer.effects[place], peer.se[place]], rel=1e-5
                )
    assert [row.factor for row in one.variances] == ["text"]
    assert all(row.df is None for row in one.contrasts)


def test_each_model_is_a_family_of_its_own_over_all_criteria() -> None:
    models = found(frame()).models
    for kind in ("linear mixed", "cumulative link"):
        rows = [row for m in models if m.kind == kind for row in m.contrasts]
        assert [row.p_holm for row in rows] == pytest.approx(
            list(multipletests([row.p for row in rows], method="holm")[1]), rel=1e-12
        )
        assert {m.family for m in models if m.kind == kind} == {6}


def test_without_persons_or_second_ratings_the_factors_say_why_they_stay_out() -> None:
    slots = found(frame(), annotators_identified=False).models[0]
    assert {row.factor for row in slots.variances} == {"case", "text", "rest"}
    why = "names of annotators do not follow persons"
    assert slots.left_out == (f"annotator: {why}", f"annotator by system: {why}")
    single = found(frame(k=1)).models
    assert any("each text has one rating" in why for why in single[0].left_out)
    ordinal = next(m for m in single if m.kind == "cumulative link")
    assert [row.factor for row in ordinal.variances] == ["case"]


def test_tables_sentences_and_methods_tell_it() -> None:
    result = found(frame())
    tables = {table.key: table for table in all_tables(result)}
    assert len(tables["models"].rows) == 12
    assert len(tables["variances"].rows) == 2 * 5 + 2
    [section] = [section for section in sections(result) if section.key == "models"]
    assert section.sentences[0].startswith("In the linear mixed model 3 of 6 differences stayed below 0.05")
    assert any(s.startswith("Clear: beside the systems, of the variance ") for s in section.sentences)
    methods = " ".join(result.methods)
    assert "annotators, annotators by systems, cases and texts as random factors" in methods
    assert "random deviation of each text" in methods


def test_ratings_that_cannot_be_modelled_say_why_and_claim_nothing() -> None:
    given = frame()
    given.loc[given.criterion == "new", "value"] = 4
    given.loc[(given.criterion == "clear") & (given.system == "cy"), "value"] = 5
    models = {(m.criterion, m.kind): m for m in found(given).models}
    assert models["new", "linear mixed"].undefined == "every rating is 4 (100% agreement)"
    assert models["new", "cumulative link"].undefined == "every rating is the same (100% agreement)"
    assert "the highest given" in models["clear", "cumulative link"].undefined
    [section] = [section for section in sections(found(given)) if section.key == "models"]
    assert "New: no linear mixed model, because every rating is 4 (100% agreement)." in section.sentences
    assert "cumulative-link model takes" not in " ".join(found(given).methods)


def test_a_system_that_was_not_rated_on_a_criterion_takes_no_part_in_its_models() -> None:
    given = frame()
    given["value"] = given["value"].astype(float)
    given.loc[(given.criterion == "new") & (given.system == "bob"), "value"] = np.nan
    models = {(m.criterion, m.kind): m for m in found(given).models}
    for kind in ("linear mixed", "cumulative link"):
        assert [(r.first, r.second) for r in models["new", kind].contrasts] == [("ann", "cy")]
        assert len(models["clear", kind].contrasts) == 3
    both = found(given[~((given.criterion == "new") & (given.system == "bob"))]).models
    alone = next(m for m in both if (m.criterion, m.kind) == ("new", "linear mixed")).contrasts[0]
    assert models["new", "linear mixed"].contrasts[0].estimate == alone.estimate
    given.loc[given.criterion == "new", "value"] = np.nan
    models = {(m.criterion, m.kind): m for m in found(given).models}
    assert models["new", "linear mixed"].undefined == "fewer than two systems have ratings"
    assert models["new", "cumulative link"].undefined == "fewer than two systems have ratings"


def test_pooled_reports_and_old_ones_have_no_models() -> None:
    assert ratings.findings(kind="pooled").models == ()
    result = found(frame())
    raw = json.loads(result.to_json())
    del raw["models"]
    assert StudyFindings.from_json(json.dumps(raw)).models == ()
    assert StudyFindings.from_json(result.to_json()) == result


def test_a_single_system_has_no_models() -> None:
    assert model(RatingTable.from_frame(frame().query("system == 'ann'")), confidence=0.95) == []


def test_where_the_ratings_of_systems_lie_apart_there_are_no_log_odds() -> None:
    maker, apart = np.random.default_rng(3), frame()
    low = apart.system == "ann"
    apart.loc[low, "value"] = maker.integers(1, 3, low.sum())
    apart.loc[~low, "value"] = maker.integers(4, 6, (~low).sum())
    one = next(m for m in found(apart).models if (m.criterion, m.kind) == ("clear", "cumulative link"))
    assert one.contrasts == ()
    assert "no finite estimate" in one.undefined


def test_differences_that_a_fitted_model_does_not_give_are_told_with_the_reason() -> None:
    result = found(frame())
    fitted = next(m for m in result.models if (m.criterion, m.kind) == ("clear", "linear mixed"))
    nothing = Number(None, 9, "ratings", "m", undefined="the variances are too uncertain")
    some = (replace(fitted.contrasts[0], estimate=nothing, p_holm=None), *fitted.contrasts[1:])
    none = tuple(replace(each, estimate=nothing, p_holm=None) for each in fitted.contrasts)
    for contrasts, said in (
        (
            some,
            "clear: 1 of 3 differences has no estimate in the linear mixed model, because the variances are",
        ),
        (
            none,
            "clear: no difference has an estimate in the linear mixed model, because the variances are too",
        ),
    ):
        told = " ".join(on_models(replace(result, models=(replace(fitted, contrasts=contrasts),))))
        assert said.lower() in told.lower()
    assert "estimate" not in " ".join(on_models(replace(result, models=(fitted,))))
