"""What runs counted, in words; and which of them a study can be built from."""

import pytest

from generation import overview
from generation.models import Run, Stage, Status
from tests import builders

pytestmark = pytest.mark.django_db

COUNTED = {
    "import_log": ["n_users", "n_items", "n_interactions", "n_rejected"],
    "select_cases": ["n_train", "n_valid", "n_cases", "n_without_pick"],
    "distil_teacher": ["n_cases", "n_ok", "n_rejected", "n_asked"],
    "train_student": ["n_steps", "n_pairs", "n_valid", "n_too_long", "n_users", "best_step"],
    "explain_cases": ["n_cases", "n_ok", "n_empty", "n_filtered", "n_error", "n_unknown_user"],
}


def labels(stage: str, names: list[str]) -> dict[str, str]:
    run = builders.run(stage=stage, status="done", counts=dict.fromkeys(names, 1))
    line = overview.run_line(overview.listed_runs().get(pk=run.pk))
    return dict(zip(names, [label for label, _ in line.counts], strict=True))


@pytest.mark.parametrize("stage", COUNTED)
def test_every_count_of_every_stage_has_words_of_its_own(stage: str) -> None:
    said = labels(stage, COUNTED[stage])
    assert len(set(said.values())) == len(said)
    assert not {"ok", "valid", "asked", "rejected", "train", "pairs", "empty", "error"} & set(said.values())


def test_the_same_name_means_what_its_stage_means_by_it() -> None:
    assert labels("select_cases", ["n_valid"])["n_valid"] == "validation cases"
    assert labels("train_student", ["n_valid"])["n_valid"] == "texts to validate on"
    assert labels("import_log", ["n_rejected"])["n_rejected"] == "rejected rows"
    assert labels("distil_teacher", ["n_rejected"])["n_rejected"] == "texts left out"


def test_a_run_without_a_usable_text_is_not_ready_for_a_study() -> None:
    cases = builders.case_run(n_cases=2)
    builders.explain_run(over=cases, system="prism", failing=(0,))
    builders.explain_run(over=cases, system="template-knn", failing=(0, 1))
    [row] = overview.corpus_rows([cases.corpus])
    assert Run.objects.filter(stage=Stage.EXPLAIN_CASES, status=Status.DONE).count() == 2
    assert row.n_explained == 1


def test_another_corpus_runs_are_not_counted() -> None:
    cases, other = builders.case_run(), builders.run(stage="import_log", status="done")
    builders.explain_run(over=cases)
    rows = overview.corpus_rows({cases.corpus, other.corpus})
    assert {row.corpus.pk: row.n_explained for row in rows}[cases.corpus_id] == 1
