from dataclasses import replace

import pytest

from generation.pipeline import prompts
from generation.pipeline.records import Item
from generation.pipeline.teacher.screening import REASONS, screen, strip_echo
from generation.pipeline.teacher.scripted import ScriptedTeacher
from tests.generation.pipeline.films import FILMS, case, cases

ONE = case("Alien (1979)", "Heat (1995)", "Fargo (1996)")
FULL, COMPACT = prompts.render(ONE), prompts.render(ONE, version="compact-v1")
GOOD = "You liked Alien (1979), so the slow dread of Blade Runner (1982) should suit you."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD, None),
        ("", "empty"),
        (" \n ", "empty"),
        ("A good film.", "too short"),
        ("I'm sorry, but I cannot recommend a film to you today.", "refusal"),
        ("As an AI language model I have no taste in films at all.", "refusal"),
        ("You can't go wrong: it is a sorry tale, told beautifully.", None),
        (FULL.text, "prompt echo"),
        ("Task: Explain WHY this is a good recommendation based on the user's history.", "prompt echo"),
        (COMPACT.text, "prompt echo"),
        ("It is is is is the film for you tonight.", "repetition loop"),
        ("You like it and you like it and you like it and more.", "repetition loop"),
        ("A very, very good film, and very much yours tonight.", None),
        (" ".join(past.label for past in ONE.history) + " lead straight to this one.", None),
    ],
)
def test_drafts_are_kept_or_rejected_by_name(text: str, reason: str | None) -> None:
    for prompt in (FULL, COMPACT):
        if text == FULL.text and prompt is COMPACT:
            continue
        if text == COMPACT.text and prompt is FULL:
            continue
        if reason == "prompt echo" and prompt is COMPACT and text != COMPACT.text:
            continue
        assert screen(text, prompt, ONE) == reason
    assert reason is None or reason in REASONS


@pytest.mark.parametrize(
    ("title", "text", "reason"),
    [
        ("Sorry, Wrong Number", "Sorry, Wrong Number (1948) would sit well beside Alien (1979).", None),
        ("I Can't Sleep", "I Can't Sleep is as tense as Alien (1979), and as quiet.", None),
        ("I Can't Sleep", "I can't say why I Can't Sleep (1948) should suit you.", "refusal"),
        ("Sorry", "Sorry, there is nothing here that I could explain.", "refusal"),
    ],
)
def test_a_title_that_sounds_like_a_refusal_is_none(title: str, text: str, reason: str | None) -> None:
    one = replace(ONE, item=Item(id="x", title=title, year=1948))
    assert screen(text, prompts.render(one), one) == reason


def test_a_text_cut_at_the_limit_is_rejected_as_such() -> None:
    assert screen(GOOD, FULL, ONE, finished=False) == "cut at the limit"


def test_an_echoed_prompt_in_front_of_a_text_is_removed_whatever_its_spaces() -> None:
    echoed = " ".join(FULL.text.split()) + "  " + GOOD
    assert strip_echo(echoed, FULL) == GOOD
    assert strip_echo(GOOD, FULL) == GOOD
    assert screen(strip_echo(FULL.text, FULL), FULL, ONE) == "empty"


LINES = FULL.text.splitlines()


@pytest.mark.parametrize(
    "echo",
    [
        FULL.text.replace(" ", "\n\t "),
        FULL.text.upper(),
        "  ".join(FULL.text.split()[:9]),
        "\n".join(LINES[-3:]),
        LINES[-1],
        FULL.text + "\n" + LINES[-1],
        FULL.text + " " + FULL.text,
    ],
    ids=["other spaces", "capitals", "first words", "last lines", "last line", "and again its end", "twice"],
)
def test_whatever_of_the_prompt_stands_in_front_is_removed(echo: str) -> None:
    assert strip_echo(f" {echo}\n{GOOD} ", FULL) == GOOD
    assert strip_echo(echo, FULL) == ""


def test_an_echo_in_the_middle_is_left_for_the_screen_to_reject() -> None:
    text = f"Well then. {LINES[4]} {GOOD}"
    assert strip_echo(text, FULL) == text
    assert screen(text, FULL, ONE) == "prompt echo"


def test_few_words_that_a_text_shares_with_the_prompt_are_its_own() -> None:
    for text in (
        "Generate a smile with Fargo (1996) tonight, as Heat (1995) did.",
        "Alien (1979), Heat (1995)",
    ):
        assert strip_echo(text, FULL) == text
    beginning = COMPACT.text.split()[0]
    assert strip_echo(f"{beginning} Fargo suits you, who liked Heat.", COMPACT).startswith(beginning)


def test_no_text_of_the_offline_teacher_is_rejected() -> None:
    some = cases(200)
    shown = [prompts.render(one) for one in some]
    drafts = ScriptedTeacher(FILMS, hallucination_rate=0.5).write(some, shown)
    reasons = [screen(d.text, p, c) for d, p, c in zip(drafts, shown, some, strict=True)]
    assert set(reasons) == {None}
