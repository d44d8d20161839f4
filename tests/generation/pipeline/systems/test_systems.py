"""What every system owes, each one tried; then what is particular to each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generation.pipeline import systems
from generation.pipeline.records import Case, Decoding, Item
from generation.pipeline.registry import UnknownName
from generation.pipeline.sampling import UnsupportedDecoding
from generation.pipeline.student.faithfulness import Lexicon, strict
from generation.pipeline.student.training import train
from generation.pipeline.systems import SYSTEMS, System
from generation.pipeline.systems.prism import WrongStudent
from generation.pipeline.teacher.interface import Draft
from tests.generation.pipeline import tiny
from tests.generation.pipeline.films import FILMS, case, cases
from tests.generation.pipeline.student.small import config, pairs

Options = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    root = tmp_path_factory.mktemp("systems")
    students = {
        with_user: train(
            pairs(64), pairs(8, seed=9), config(with_user=with_user, max_steps=8), root / str(with_user), 0
        ).artefact.path
        for with_user in (True, False)
    }
    return {
        "scripted-teacher": {"catalogue": FILMS, "hallucination_rate": 0.3},
        "local-teacher": {"path": str(tiny.save_t5(root / "t5")), "decoding": {"max_new_tokens": 8}},
        "student-zeroshot": {"path": str(tiny.save_bart(root / "bart")), "decoding": {"max_new_tokens": 8}},
        "template-knn": {"interactions": [(1, film.id) for film in FILMS[:5]]},
        "prism": {"checkpoint": students[True]},
        "prism-nouser": {"checkpoint": str(students[False])},
    }


@pytest.fixture(params=sorted(SYSTEMS))
def system(request: pytest.FixtureRequest, options: Options) -> System:
    return systems.load(request.param, **options[request.param])


def test_order_and_ids_are_kept_and_batches_change_no_text(system: System) -> None:
    some = [*cases(7, length=2), *cases(6, length=7)]
    whole = system.explain(some)
    assert [one.case_id for one in whole] == [one.id for one in some]
    assert system.explain(some[::-1]) == whole[::-1]
    assert [system.explain([one])[0] for one in some] == whole
    assert system.explain([]) == []


def test_one_bad_case_gets_a_status_and_the_others_their_texts(system: System) -> None:
    good = cases(4)
    broken: Case = replace(good[0], id="broken", item=None)  # type: ignore[arg-type]
    endless = replace(good[1], id="endless", item=Item("x", "word " * 4000))
    answers = system.explain([good[0], broken, good[1], endless, good[2]])
    assert [one.case_id for one in answers] == [good[0].id, "broken", good[1].id, "endless", good[2].id]
    assert answers[1].status == "error"
    assert answers[1].text == ""
    assert answers[1].reason
    assert [answers[0], answers[2], answers[4]] == system.explain([good[0], good[1], good[2]])


def test_the_signature_names_all_that_made_the_text(system: System) -> None:
    parameters = system.signature.parameters
    assert "seed" in parameters
    assert "prompt" in parameters
    assert system.explain(cases(1))[0].signature == system.signature
    assert ("offline" in parameters) == (system.signature.system == "scripted-teacher")
    if system.signature.system.startswith("prism"):
        assert len(parameters["artefact"]) == 24
        assert parameters["decoding"]["no_repeat_titles"] is True


def test_what_is_shown_is_counted(options: Options) -> None:
    few = systems.load("scripted-teacher", **options["scripted-teacher"], max_titles=3)
    assert few.explain(cases(1, length=7))[0].n_history_shown == 3
    assert systems.load("template-knn").explain(cases(1, length=7))[0].n_history_shown == 7


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'prism-nouser'"):
        systems.load("prism-no-user")


def test_the_floor_says_nothing_but_the_truth() -> None:
    lexicon = Lexicon(FILMS)
    floor = systems.load("template-knn")
    for one, answer in zip(cases(150), floor.explain(cases(150)), strict=True):
        part = strict(answer.text, one, lexicon)
        assert answer.status == "ok"
        assert part.target
        assert part.watched == 2
        assert (part.invented, part.wrong_genres, part.wrong_directors) == ((), (), ())
        assert part.unlinked_directors == ()
        assert part.genre_shared or not part.genres


def test_the_floor_breaks_ties_by_who_watched_both() -> None:
    one = case("The Terminator (1984)", "Aliens (1986)", item="Solaris (1972)")
    tied = list(one.history)
    met = [(1, one.item.id), (2, one.item.id), (1, tied[0].id), (2, tied[0].id), (3, tied[1].id)]
    plain, knowing = systems.load("template-knn"), systems.load("template-knn", interactions=met)
    assert "you watched Aliens (1986) and The Terminator (1984)" in plain.explain([one])[0].text
    assert "you watched The Terminator (1984) and Aliens (1986)" in knowing.explain([one])[0].text


@pytest.mark.parametrize("history", [(), ("Heat (1995)",)])
def test_the_floor_copes_with_short_histories(history: tuple[str, ...]) -> None:
    assert systems.load("template-knn").explain([case(*history)])[0].status == "ok"


def test_only_prism_reads_the_user(options: Options) -> None:
    stranger = replace(cases(1)[0], user="stranger")
    full, without = (systems.load(name, **options[name]) for name in ("prism", "prism-nouser"))
    assert [full.explain([one])[0].unknown_user for one in (cases(1)[0], stranger)] == [False, True]
    known, unknown = (without.explain([one])[0] for one in (cases(1)[0], stranger))
    assert known == unknown
    assert not unknown.unknown_user


def test_a_checkpoint_of_the_other_kind_is_refused(options: Options) -> None:
    with pytest.raises(WrongStudent, match="load it as prism-nouser"):
        systems.load("prism", **options["prism-nouser"])
    with pytest.raises(WrongStudent, match="has a user table"):
        systems.load("prism-nouser", **options["prism"])


def test_an_impossible_decoding_is_refused_when_the_system_is_built(options: Options) -> None:
    with pytest.raises(UnsupportedDecoding):
        systems.load("prism", **options["prism"], decoding=Decoding(do_sample=True, num_beams=3))
    with pytest.raises(UnsupportedDecoding):
        systems.load(
            "local-teacher", path=options["local-teacher"]["path"], decoding={"no_repeat_titles": True}
        )


@pytest.mark.parametrize(
    ("draft", "status", "reason"),
    [
        (lambda prompt: prompt + " You will like its slow and careful dread.", "ok", ""),
        (lambda prompt: prompt, "filtered", "prompt echo"),
        (lambda prompt: " \n", "empty", "empty"),
        (lambda prompt: "no no no no no no", "filtered", "repetition loop"),
        (lambda prompt: "I'm sorry, I cannot do that for you.", "filtered", "refusal"),
    ],
)
def test_echoes_are_stripped_and_bad_texts_are_named(
    options: Options, monkeypatch: pytest.MonkeyPatch, draft: Callable[[str], str], status: str, reason: str
) -> None:
    system: Any = systems.load("local-teacher", **options["local-teacher"])

    def write(cases: Sequence[Case], prompts: Sequence[Any], **_: object) -> list[Draft]:
        return [Draft(draft(prompt.text)) for prompt in prompts]

    monkeypatch.setattr(system.teacher, "write", write)
    answer = system.explain(cases(1))[0]
    assert (answer.status, answer.reason) == (status, reason)
    assert "Task:" not in answer.text


def test_a_writer_that_fails_for_one_case_fails_for_that_one_only(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    system: Any = systems.load("local-teacher", **options["local-teacher"])
    some = cases(5)

    def write(asked: Sequence[Case], prompts: Sequence[Any], **_: object) -> list[Draft]:
        if some[3] in asked:
            raise MemoryError("too long")
        return [Draft(f"{one.item.label} is a film you will surely like.") for one in asked]

    monkeypatch.setattr(system.teacher, "write", write)
    answers = system.explain(some)
    assert [one.status for one in answers] == ["ok", "ok", "ok", "error", "ok"]
    assert answers[3].reason == "MemoryError: too long"


def test_an_untuned_student_says_all_its_decoding_and_needs_an_encoder(
    tmp_path: Path, options: Options
) -> None:
    path = options["student-zeroshot"]["path"]
    untuned = systems.load("student-zeroshot", path=path)
    assert untuned.signature.system == "student-zeroshot"
    decoding = untuned.signature.parameters["decoding"]
    assert (decoding["num_beams"], decoding["max_new_tokens"], decoding["no_repeat_ngram_size"]) == (4, 64, 3)
    with pytest.raises(ValueError, match="has no encoder"):
        systems.load("student-zeroshot", path=str(tiny.save_gpt2(tmp_path / "gpt2")))


def test_what_an_untuned_student_copies_is_taken_away_before_anybody_rates(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    untuned: Any = systems.load("student-zeroshot", **options["student-zeroshot"])
    good = "You liked the slow dread of the one, so the other should suit you well."
    tails = iter(["", f"\n{good}", " Explanation:"])
    monkeypatch.setattr(
        untuned.teacher,
        "write",
        lambda some, shown, **_: [Draft(prompt.text + next(tails)) for prompt in shown],
    )
    answers = untuned.explain(cases(3))
    assert [(one.text, one.status, one.reason) for one in answers] == [
        ("", "filtered", "prompt echo"),
        (good, "ok", ""),
        ("", "filtered", "prompt echo"),
    ]
