from dataclasses import replace

import pytest

from generation.pipeline import prompts
from generation.pipeline.logs.builtin.tastes import aspect_of
from generation.pipeline.records import Case, Prompt
from generation.pipeline.student.faithfulness import Lexicon, shares, strict
from generation.pipeline.teacher import load
from generation.pipeline.teacher.scripted import LABEL, ScriptedTeacher
from tests.generation.pipeline.films import FILMS, case, cases

LEXICON = Lexicon(FILMS)


def texts(teacher: ScriptedTeacher, some: list[Case]) -> list[str]:
    shown: list[Prompt] = [prompts.render(one) for one in some]
    return [draft.text for draft in teacher.write(some, shown)]


def test_order_and_neighbours_change_no_text() -> None:
    some = cases(40)
    teacher = ScriptedTeacher(FILMS, hallucination_rate=0.3, seed=5)
    together = dict(zip([one.id for one in some], texts(teacher, some), strict=True))
    backwards = texts(ScriptedTeacher(FILMS[::-1], hallucination_rate=0.3, seed=5), some[::-1])
    assert backwards == [together[one.id] for one in some[::-1]]
    assert [texts(teacher, [one])[0] for one in some] == list(together.values())


def test_without_falsehood_every_text_is_strictly_true() -> None:
    found = shares(texts(ScriptedTeacher(FILMS), cases(200)), cases(200), LEXICON)
    assert (found.strict, found.hallucinated, found.repeated) == (1.0, 0.0, 0.0)


def test_what_it_plants_is_what_the_truth_says() -> None:
    some = cases(400)
    teacher = ScriptedTeacher(FILMS, hallucination_rate=0.25, misclaim_rate=0.2, seed=1)
    n_titles = n_genres = 0
    for one, text in zip(some, texts(teacher, some), strict=True):
        truth, part = teacher.truth(one), strict(text, one, LEXICON)
        false = () if truth.false_title is None else (truth.false_title.label,)
        assert part.invented == false
        assert [name.lower() for name in part.wrong_genres] == [truth.false_genre.lower()] * bool(
            truth.false_genre
        )
        n_titles += bool(false)
        n_genres += bool(truth.false_genre)
    assert 0.18 < n_titles / 400 < 0.32
    assert 0.13 < n_genres / 400 < 0.27


def test_a_rate_changes_only_the_texts_it_plants_in() -> None:
    some = cases(100)
    honest, liar = ScriptedTeacher(FILMS), ScriptedTeacher(FILMS, hallucination_rate=0.3)
    for one, plain, other in zip(some, texts(honest, some), texts(liar, some), strict=True):
        assert (plain == other) == (liar.truth(one).false_title is None)


def test_a_false_title_is_any_film_outside_the_case_and_of_its_genre_if_there_is_one() -> None:
    twin = replace(FILMS[0], id="zz-twin")  # a second film of the same name and year
    teacher = ScriptedTeacher([*FILMS, twin], hallucination_rate=1.0, seed=3)
    named = set()
    for one in cases(1500):
        truth = teacher.truth(one)
        false, known = truth.false_title, {past.label for past in (*one.history, one.item)}
        assert false is not None
        assert false.label not in known
        outside = [film for film in FILMS if truth.genre in film.genres and film.label not in known]
        assert truth.genre in false.genres or not outside
        named.add(false.label)
    assert len(named) > 0.9 * len(FILMS)


def test_where_the_case_shows_the_whole_catalogue_no_title_can_be_false() -> None:
    small = cases(1)[0]
    teacher = ScriptedTeacher((*small.history, small.item), hallucination_rate=1.0)
    assert teacher.truth(small).false_title is None


def test_planted_aspects_follow_the_user_and_stand_in_no_prompt() -> None:
    some = cases(60, n_users=12)
    teacher = ScriptedTeacher(FILMS, aspects="planted")
    for one, text in zip(some, texts(teacher, some), strict=True):
        assert f"the {aspect_of(one.user)}" in text
        assert aspect_of(one.user) not in prompts.render(one, version="compact-v1").text


def test_on_a_log_without_directors_the_aspect_is_what_the_user_watches_most() -> None:
    def bare(one: Case) -> Case:
        history = tuple(replace(past, directors=()) for past in one.history)
        return replace(one, history=history, item=replace(one.item, directors=()))

    one = bare(case("Heat (1995)", "Collateral (2004)", "Psycho (1960)", item="Vertigo (1958)"))
    teacher = ScriptedTeacher((), aspects="history")
    assert teacher.aspect(one) == "Thriller"
    assert "the thriller side" in texts(teacher, [one])[0]
    assert all(strict(text, one, LEXICON).holds for text in texts(teacher, [one]))


@pytest.mark.parametrize("history", [(), ("Alien (1979)",), ("Blade Runner (1982)",)])
def test_short_histories_still_get_a_true_text(history: tuple[str, ...]) -> None:
    one = case(*history)
    text = texts(ScriptedTeacher(FILMS, hallucination_rate=1.0), [one])[0]
    assert "Blade Runner (1982)" in text
    assert strict(text, one, LEXICON).invented == ()


def test_it_cites_only_what_the_prompt_showed() -> None:
    one = case("Alien (1979)", "Heat (1995)", "Fargo (1996)", "Casablanca (1942)")
    shown = prompts.render(one, max_titles=2)
    text = ScriptedTeacher(FILMS).write([one], [shown])[0].text
    assert "Alien (1979)" not in text
    assert "Fargo (1996)" in text


def test_it_says_that_it_is_offline() -> None:
    teacher = load("scripted", catalogue=FILMS, hallucination_rate=0.15)
    assert LABEL == "offline teacher"
    assert "offline teacher|" in str(teacher.signature)
    assert "|offline:true|" in str(teacher.signature)
    assert str(load("scripted", catalogue=FILMS).signature) != str(teacher.signature)


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="hallucination_rate is a share"):
        ScriptedTeacher(FILMS, hallucination_rate=1.5)
    with pytest.raises(ValueError, match="needs a catalogue"):
        ScriptedTeacher((), hallucination_rate=0.1)
