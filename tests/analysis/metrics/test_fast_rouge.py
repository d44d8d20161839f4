"""The fast ROUGE against Google's package, number by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from analysis.metrics.fast_rouge import KINDS, SUMMARY, f1, lcs_length, tokens

SCORERS = {stemmer: RougeScorer([*KINDS, SUMMARY], use_stemmer=stemmer) for stemmer in (True, False)}
PLAIN = ["the", "a", "running", "runs", "ran", "happily", "happiness", "1999", "films'", "film's", "x"]
WORDS = st.sampled_from(
    [*PLAIN, "Élan", "naïve", "don't", "e-mail", "İstanbul", "ß", "\ufb01ne", "🎬", "\n", "\n"]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=30).map(" ".join))


@pytest.mark.parametrize("stemmer", [True, False])
@given(explanation=TEXTS, reference=TEXTS)
def test_each_number_is_that_of_the_package(explanation: str, reference: str, stemmer: bool) -> None:
    published = SCORERS[stemmer].score(reference, explanation)
    for kind in (*KINDS, SUMMARY):
        ours = f1(kind, explanation, reference, stemmer=stemmer)
        assert ours == pytest.approx(published[kind].fmeasure, abs=1e-12), kind


@given(st.lists(st.integers(0, 4), max_size=70), st.lists(st.integers(0, 4), max_size=70))
def test_the_common_subsequence_is_as_long_as_the_table_of_the_textbook_says(
    one: list[int], other: list[int]
) -> None:
    row = [0] * (len(other) + 1)
    for element in one:
        before = row
        row = [0]
        for place, also in enumerate(other):
            row.append(before[place] + 1 if element == also else max(before[place + 1], row[place]))
    assert lcs_length(one, other) == row[-1]


def test_words_are_cut_as_the_package_cuts_them() -> None:
    assert tokens("The naïve RUNNERS' e-mails, 1999!", stemmer=True) == (
        "the", "na", "ve", "runner", "e", "mail", "1999",
    )  # fmt: skip
