import re

import pytest

from generation.pipeline.student.tokenizer import (
    StudentTokenizer,
    pretrained_tokenizer,
    train_tokenizer,
    without_titles,
)
from tests.generation.pipeline import tiny
from tests.generation.pipeline.films import FILMS

TITLES = [film.label for film in FILMS]
TEXTS = ["You liked Alien (1979) and Aliens (1986), so watch Heat (1995).", "It (2017) is scary: it is."]


@pytest.fixture(scope="module")
def titled() -> StudentTokenizer:
    return train_tokenizer(TEXTS * 5, vocab_size=320, titles=TITLES)


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        "Alien (1979) | Aliens (1986) | Solaris (1972)",
        "(Heat (1995)) and “Fargo (1996)”, then Psycho (1960)",
        "Amélie – 東京 🎬 was never seen in training",
        "Airplane! (1980)",
        "",
    ],
)
def test_what_is_encoded_can_be_read_back(titled: StudentTokenizer, text: str) -> None:
    for tokenizer in (titled, train_tokenizer(TEXTS, vocab_size=320)):
        ids = tokenizer.encode([text])[0]
        assert (ids[0], ids[-1]) == (tokenizer.bos, tokenizer.eos)
        assert tokenizer.decode(ids) == text
        assert tokenizer.count(text) == len(ids)


def test_a_title_is_one_token_and_only_as_a_whole(titled: StudentTokenizer) -> None:
    named = [titled.title_ids[i] for i in titled.encode([TEXTS[0]])[0] if i in titled.title_ids]
    assert named == ["Alien (1979)", "Aliens (1986)", "Heat (1995)"]
    assert not set(titled.encode(["An alien in the heat, it is"])[0]) & set(titled.title_ids)


def test_titles_are_cut_out_longest_first_and_nothing_else() -> None:
    titles = ["Alien", "Alien Nation (1988)", "Alien (1979)", "E.T.", "Heat (1995)"]
    texts = [
        "Alien Nation (1988), not Alien (1979) nor Alien: E.T. phones",
        "no film at all",
        "Heat (1995)",
        "",
    ]
    longest_first = re.compile("|".join(re.escape(t) for t in sorted(titles, key=len, reverse=True)))
    assert list(without_titles(texts, titles)) == [longest_first.sub(" ", text) for text in texts]
    assert list(without_titles(texts, [])) == texts


def test_films_of_one_name_are_told_apart_by_their_years(titled: StudentTokenizer) -> None:
    first, second = titled.encode(["Solaris (1972)", "Solaris (2002)"])
    assert first != second
    assert len(first) == len(second) == 3


def test_ids_begin_as_barts_do_and_are_the_same_each_time() -> None:
    one, two = (train_tokenizer(TEXTS, vocab_size=320, titles=order) for order in (TITLES, TITLES[::-1]))
    assert (one.bos, one.pad, one.eos) == (0, 1, 2)
    assert one.encode(TEXTS) == two.encode(TEXTS)
    assert len(one) == len(two)


def test_nothing_is_cut_and_text_ends_at_the_first_end(titled: StudentTokenizer) -> None:
    assert titled.count("word " * 2000) > 2000
    ids = titled.encode(["Heat (1995)"])[0]
    assert titled.decode([titled.eos, *ids, *ids]) == "Heat (1995)"


def test_a_pretrained_tokenizer_is_taken_as_it_is(tmp_path) -> None:  # type: ignore[no-untyped-def]
    tokenizer = pretrained_tokenizer(str(tiny.save_bart(tmp_path)))
    assert (tokenizer.bos, tokenizer.pad, tokenizer.eos) == (0, 1, 2)
    assert tokenizer.title_ids == {}
    assert tokenizer.decode(tokenizer.encode(TEXTS)[0]) == TEXTS[0]
