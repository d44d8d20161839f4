"""Costs follow from rates by arithmetic one can redo, and nothing is made up where nothing was measured."""

import json

from benchmarks.scale_costs import CORPORA, NOT_MEASURED, RATES, amounts, costs

ML_1M = CORPORA[0]


def rates(**given: float) -> dict[str, float | None]:
    unknown = dict.fromkeys(json.loads(RATES.read_text(encoding="utf-8")))
    return {**unknown, **given}


def test_what_was_not_measured_says_so():
    assert {line.value for line in costs(ML_1M, rates(), gpus=1)} == {NOT_MEASURED}


def test_the_paper_s_own_teacher_rate_gives_the_days_one_computes_from_its_table():
    # 4.61292 s an explanation over 894,752 pairs: 47.8 days of one GPU, a tenth of it on ten.
    found = {
        gpus: costs(ML_1M, rates(teacher_explanations_a_gpu_second=1 / 4.61292), gpus=gpus)[3]
        for gpus in (1, 10)
    }
    assert found[1].value == "47.8 days"
    assert found[10].value == "4.8 days"


def test_two_students_train_on_two_gpus_at_most():
    given = rates(student_training_pairs_a_gpu_second=894_752 * 6 / 86_400 / 8)
    assert [costs(ML_1M, given, gpus=gpus)[5].value for gpus in (1, 2, 10)] == [
        "8.0 days",
        "4.0 days",
        "4.0 days",
    ]


def test_the_student_with_its_table_is_as_large_as_its_parameters_say():
    found = [
        {line.what: line.value for line in amounts(corpus, rates())}["student with its user table, fp32"]
        for corpus in CORPORA
    ]
    # 139.4 M parameters, and 768 more a user: 4.6 M for ML-1M, 1.53 B for the whole of Yelp.
    assert found == ["0.54 GiB", "6.21 GiB"]
