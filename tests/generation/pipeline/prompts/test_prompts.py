import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline import prompts
from generation.pipeline.prompts import PROMPTS, PromptTooLong, Template, render
from generation.pipeline.records import Case, Item
from tests.generation.pipeline.corpora import films

PINNED = {
    "faithful-v1": "383fbf80807b30d9f04ac36ebe9192d75d98ba270c6b6017fe2d952c6affa330",
    "compact-v1": "8c3662b4ad72b426ff34e0e150bc80e355eea837509bd3ff2df1d7a5d8299cd6",
}
"""A prompt that was used is never edited: write a new version beside it, and pin that too."""


def case_of(n_history: int, item: Item | None = None) -> Case:
    history = films(n_history)
    return Case("case", "u", history, item or Item("x", "The Last One", 1999), "test")


def count_words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("version", PROMPTS)
def test_no_published_prompt_was_edited(version):
    assert prompts.load(version).sha256 == PINNED[version]


def test_the_faithful_prompt_is_the_papers():
    text = render(case_of(2)).text
    assert text.startswith("Generate a short, personalized, and persuasive explanation for the following")
    assert "- User's movie viewing history: Film 0 (1950); Film 1 (1951)\n" in text
    assert "- Recommended movie: The Last One (1999)\n" in text
    assert "Explain WHY this is a good recommendation based on the user's history." in text
    assert text.endswith("- Start the explanation directly.\nExplanation:")


def test_the_students_prompt_names_the_item_first_and_no_instruction():
    assert render(case_of(2), "compact-v1").text == (
        "Explain: The Last One (1999) | Watched: Film 0 (1950); Film 1 (1951)"
    )


def test_only_the_oldest_titles_are_dropped_and_counted():
    words = count_words(render(case_of(0)).text)
    prompt = render(case_of(10), budget=words + 7, count_tokens=count_words)
    assert prompt.n_dropped == 10 - 3  # "none yet" takes two words, each title three: 2 + 7 = 3 titles
    assert "history: Film 7 (1957); Film 8 (1958); Film 9 (1959)\n" in prompt.text


@given(n_history=st.integers(0, 60), budget=st.integers(1, 300), version=st.sampled_from(sorted(PROMPTS)))
def test_a_prompt_fits_its_budget_shows_all_it_can_and_keeps_its_template(n_history, budget, version):
    case = case_of(n_history)
    if count_words(render(case_of(0), version).text) > budget:
        with pytest.raises(PromptTooLong):
            render(case, version, budget=budget, count_tokens=count_words)
        return
    prompt = render(case, version, budget=budget, count_tokens=count_words)
    shown = case.history[prompt.n_dropped :]
    template = prompts.load(version)
    assert prompt.text == template.fill([past.label for past in shown], case.item.label)
    assert count_words(prompt.text) <= budget
    if prompt.n_dropped:
        one_more = [past.label for past in case.history[prompt.n_dropped - 1 :]]
        assert count_words(template.fill(one_more, case.item.label)) > budget


def test_a_history_of_thousands_costs_no_more_tokens_than_its_budget_and_some():
    case, counted = case_of(5000), 0

    def count(text: str) -> int:
        nonlocal counted
        counted += count_words(text)
        return count_words(text)

    prompt = render(case, "compact-v1", budget=300, count_tokens=count)
    assert 250 < count_words(prompt.text) <= 300
    assert counted < 20 * 300


def test_the_number_of_titles_can_be_capped_whatever_the_budget():
    prompt = render(case_of(10), "compact-v1", max_titles=2)
    assert prompt.text.endswith("Watched: Film 8 (1958); Film 9 (1959)")
    assert prompt.n_dropped == 8
    assert render(case_of(10), "compact-v1", max_titles=0).text.endswith("Watched: none yet")


def test_a_budget_too_small_for_the_template_names_the_case_and_both_numbers():
    with pytest.raises(PromptTooLong, match=r"case case: .* takes \d+ tokens, and the budget is 5"):
        render(case_of(3), budget=5, count_tokens=count_words)


def test_braces_in_a_title_are_only_text():
    text = render(case_of(1, Item("x", "{history} and {0}")), "compact-v1").text
    assert text == "Explain: {history} and {0} | Watched: Film 0 (1950)"


def test_a_budget_without_a_tokenizer_is_refused():
    with pytest.raises(ValueError, match="count_tokens"):
        render(case_of(1), budget=100)


def test_a_template_without_its_places_is_refused():
    with pytest.raises(ValueError, match=r"\{item\} exactly once"):
        Template("odd-v1", "{history}", separator="; ", no_history="none")


def test_an_unknown_version_gets_a_hint():
    with pytest.raises(LookupError, match="Did you mean 'faithful-v1'"):
        render(case_of(1), "faithfull-v1")
