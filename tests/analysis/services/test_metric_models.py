"""The models of metrics: what nobody configured is left out, and a judge is asked once for each text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User

from analysis.models import JudgeAnswer, Score
from analysis.services.metric_models import MetricModels
from analysis.services.score_explanations import score_explanations, what_weighed
from generation import queries as generation
from tests import builders
from tests.analysis import reports
from tests.analysis.metrics.networks import save_bert, save_inference
from tests.fakes.chat_server import ChatServer, chat_server
from tests.generation.pipeline.tiny import save_gpt2

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[ChatServer]:
    with chat_server(text=lambda prompt: "80" if "<prediction>" in prompt else "4") as state:
        settings.PRISM_ENDPOINTS, settings.PRISM_ENDPOINT_KEY = [state.url], "sk-judge"
        settings.PRISM_JUDGE_ENDPOINT, settings.PRISM_JUDGE_MODEL = state.url, "tiny"
        yield state


def values(study: Any, metric: str) -> list[float | None]:
    return list(Score.objects.filter(study=study, metric=metric).values_list("value", flat=True))


def test_without_models_no_metric_that_needs_one_is_computed(olga: User) -> None:
    study = reports.rated(owner=olga)
    score_explanations(study_id=study.pk)
    kept = set(Score.objects.filter(study=study).values_list("metric", flat=True))
    assert {"ngram-entropy", "echo-rate", "external-span", "words"} <= kept
    assert not [name for name in kept if name.startswith(("bertscore", "gptscore", "judge", "statement"))]


def test_models_by_path_score_every_text(settings: Any, tmp_path: Path, olga: User) -> None:
    settings.PRISM_BERTSCORE_MODEL = str(save_bert(tmp_path / "bert"))
    settings.PRISM_BERTSCORE_LAYER, settings.PRISM_BERTSCORE_IDF = 1, True
    settings.PRISM_GPTSCORE_MODEL = str(save_gpt2(tmp_path / "gpt2"))
    settings.PRISM_NLI_MODEL = str(save_inference(tmp_path / "nli"))
    study = reports.rated(owner=olga)
    score_explanations(study_id=study.pk)
    n_texts = len(values(study, "words"))
    for name in ("bertscore", "gptscore-ll", "statement-support"):
        assert len(values(study, name)) == n_texts > 0
    assert None not in values(study, "gptscore-ll")
    assert not values(study, "bertscore-rescaled")  # nobody knows a baseline of this encoder
    signature = Score.objects.filter(study=study, metric="bertscore").values_list("signature", flat=True)[0]
    assert "layer:1" in signature
    assert "idf:true" in signature
    assert "model:bert" in signature


def test_a_judge_rates_every_text_and_is_not_asked_twice(server: ChatServer, olga: User) -> None:
    study = reports.rated(owner=olga)
    score_explanations(study_id=study.pk)
    assert set(values(study, "judge-faithfulness")) == {4.0}
    n_asked = sum(server.asked.values())
    assert max(server.asked.values()) == 1
    assert server.keys == {"Bearer sk-judge"}
    assert JudgeAnswer.objects.count() == len(server.asked)
    score_explanations(study_id=study.pk)
    assert sum(server.asked.values()) == n_asked


def test_what_failed_is_asked_again_the_next_time(server: ChatServer) -> None:
    server.fault = lambda prompt, before: "400" if "one" in prompt else ""
    [judge] = [MetricModels().judge]
    assert judge is not None
    assert [answer.error[:8] for answer in judge.ask(["one", "two"])] == ["HTTP 400", ""]
    server.fault = lambda prompt, before: ""
    assert [answer.text for answer in judge.ask(["one", "two"])] == ["4", "4"]
    assert dict(server.asked) == {"one": 2, "two": 1}


def test_a_judge_that_answers_nothing_ends_the_scoring_in_words(server: ChatServer) -> None:
    server.fault = lambda prompt, before: "400"
    judge = MetricModels().judge
    assert judge is not None
    with pytest.raises(ValueError, match="the judge tiny answers nothing: HTTP 400"):
        judge.ask(["one", "two"])
    assert not JudgeAnswer.objects.exists()


def test_another_revision_is_another_judge(server: ChatServer, settings: Any) -> None:
    for revision in ("r1", "r2", "r1"):
        settings.PRISM_JUDGE_REVISION = revision
        judge = MetricModels().judge
        assert judge is not None
        judge.ask(["one"])
    assert server.asked["one"] == 2


def test_a_judge_at_an_address_that_is_not_listed_is_asked_nothing(server: ChatServer, settings: Any) -> None:
    settings.PRISM_ENDPOINTS = []
    judge = MetricModels().judge
    assert judge is not None
    with pytest.raises(ValueError, match="PRISM_ENDPOINTS"):
        judge.ask(["one"])
    assert not server.asked


def test_a_model_that_cannot_be_loaded_is_named_by_its_setting(settings: Any, tmp_path: Path) -> None:
    settings.PRISM_GPTSCORE_MODEL = str(tmp_path)
    with pytest.raises(ValueError, match="the model that PRISM_GPTSCORE_MODEL names cannot be loaded"):
        _ = MetricModels().language_model


def test_the_words_of_prompts_leave_histories_and_items_out() -> None:
    lines = generation.instructions().splitlines()
    assert "- Recommended movie:" in lines
    assert "Explain:" in lines
    assert not any("{" in line for line in lines)


def test_what_weighed_in_the_rankers_choice_is_laid_beside_the_history_shown() -> None:
    over = builders.case_run(n_cases=2)
    run = builders.explain_run(over=over)
    case = over.cases.get(position=0)
    case.influence = [float(place) for place, _ in enumerate(case.history)]
    case.save()
    shown = [case.history[-1], {"title": "An item from elsewhere"}]
    frame = pd.DataFrame(
        {"case": [case.case_id, "other"], "history_items": [shown, shown], "explain_run": [run.pk, run.pk]}
    )
    assert what_weighed(frame) == {case.case_id: [float(len(case.history) - 1), 0.0]}
    assert what_weighed(frame.assign(explain_run=None)) == {}
