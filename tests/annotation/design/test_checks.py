import dataclasses
import json

import pytest

from annotation.design.checks import (
    ATTENTION_TEXTS,
    Amount,
    AttentionText,
    CheckPlan,
    ExclusionRules,
    Recheck,
    attention_texts,
    faults_of,
    passed,
)

FULL = CheckPlan(
    repeats=Amount(share=0.1),
    repeat_gap=8,
    attention=3,
    texts=attention_texts("en"),
    gold=Amount(2),
    recheck=Recheck(after=15, n=3, feedback=True),
    rules=ExclusionRules(attention_failed=1, gold_near=0.6, repeats_near=0.7),
)


def faults(plan, *, design="paired", n_least=40, n_reference=10):
    return faults_of(plan, design=design, n_least=n_least, n_reference=n_reference)


def test_a_plan_survives_the_table_it_is_kept_in():
    assert faults(FULL) == []
    assert CheckPlan.of({"checks": json.loads(json.dumps(FULL.as_json()))}) == FULL
    assert CheckPlan.of({}) is None


def test_an_amount_is_a_number_or_a_share():
    assert Amount.read("3").of(100) == 3
    assert Amount.read(" 5% ").of(50) == 3  # 2.5, halves up
    assert Amount.read("").of(50) == 0
    assert str(Amount.read("5%")) == "5%"
    assert str(Amount(4)) == "4"
    with pytest.raises(ValueError, match="some"):
        Amount.read("some")


def test_the_texts_take_turns():
    assert [one.mark for one in FULL.cards()] == [2, 4, 2]


@pytest.mark.parametrize("language", [*ATTENTION_TEXTS, "zh-Hans", "fr"])
def test_shipped_texts_ask_for_the_mark_they_want(language):
    plan = CheckPlan(attention=2, texts=attention_texts(language))
    assert faults(plan) == []
    assert attention_texts("zh-Hans") == ATTENTION_TEXTS["zh"]


def test_an_attention_check_is_passed_on_every_question_or_not_at_all():
    assert passed([2, 2, 2], 2)
    assert not passed([2, 2, 3], 2)
    assert not passed([2, None, 2], 2)


def change(**parts):
    return dataclasses.replace(FULL, **parts)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (change(repeats=Amount(33)), "32 can be repeated and not 33"),
        (change(repeats=Amount(share=0.01)), "1% of 40 cards is less than one repeat"),
        (change(gold=Amount(8)), "11 are planned, and the set has 10"),
        (change(recheck=Recheck(after=40)), "never reached by somebody who has 40"),
        (change(recheck=Recheck(after=0)), "comes after one card or more"),
        (change(texts=()), "without a text"),
        (change(texts=(AttentionText(" ", 2),)), "is empty"),
        (change(texts=(AttentionText("Choose 9.", 9),)), "not on the scale from 1 to 5"),
        (change(texts=(AttentionText("Choose two.", 2),)), "must say the mark it asks for, 2"),
        (change(texts=(AttentionText("Choose 2 or 3.", 2),)), "and no other number"),
        (change(rules=ExclusionRules(attention_failed=3)), "nobody can fail more than 3"),
        (change(rules=ExclusionRules(gold_near=1.2)), "above 0% and up to 100%, not 120%"),
        (CheckPlan(rules=ExclusionRules(attention_failed=0)), "attention checks, and none is planned"),
        (CheckPlan(rules=ExclusionRules(gold_near=0.5)), "gold cards, and none is planned"),
        (CheckPlan(rules=ExclusionRules(repeats_near=0.5)), "repeats, and none is planned"),
        (change(repeats=Amount(-1)), "The number of repeats lies from 0 to 100"),
        (change(repeats=Amount(share=0.8)), "The share of repeats lies from 0% to 50%, not 80%"),
        (change(repeat_gap=0), "The gap before a repeat lies from 1 to 1000 cards, not 0"),
    ],
)
def test_what_cannot_be_is_refused_in_words(plan, said):
    assert any(said in fault for fault in faults(plan)), faults(plan)


def test_side_by_side_repeats_whole_pages_and_hides_no_single_card():
    assert faults(CheckPlan(repeats=Amount(2)), design="side_by_side") == []
    [said] = faults(FULL, design="side_by_side")
    assert "told from the others at a glance" in said


def test_who_has_few_cards_left_gets_what_fits():
    hidden = FULL.hidden(9, case_gap=3, n_reference=10)
    assert hidden.n_repeats == 1
    assert hidden.n_recheck == 0
    assert FULL.hidden(4, case_gap=3, n_reference=10).n_repeats == 0
    assert FULL.hidden(40, case_gap=3, n_reference=10).n_recheck == 3
