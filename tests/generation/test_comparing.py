"""Side by side: which runs are compared, which cases are shown, and prompts as they were read, to the letter."""

import pytest

from generation import comparing
from generation.models import Explanation, Run
from generation.pipeline import prompts, systems
from generation.pipeline.records import Decoding
from generation.pipeline.registry import Entry
from generation.pipeline.systems.answering import answer, signed
from generation.pipeline.teacher.interface import Draft
from generation.services.create_corpus import create_corpus
from generation.services.explain_cases import explain_cases
from generation.services.import_log import import_log
from generation.services.queue_run import queue_run
from generation.services.select_cases import select_cases
from tests import builders

pytestmark = pytest.mark.django_db

READ: dict[str, str] = {}


class ShortSighted:
    """Reads prompts of at most forty words, and remembers each."""

    signature = signed("short", "1", prompt="compact-v1", decoding=Decoding(), seed=3, model="tiny")

    def explain(self, cases):
        return answer(
            cases,
            render=lambda case: prompts.render(
                case, version="compact-v1", budget=40, count_tokens=lambda text: len(text.split())
            ),
            write=self._write,
            signature=self.signature,
        )

    def _write(self, cases, read):
        READ.update({case.id: prompt.text for case, prompt in zip(cases, read, strict=True)})
        return [Draft(f"Take {case.item.label}, it is a fine film.") for case in cases]


def test_a_prompt_is_rendered_again_as_it_was_read_titles_dropped_and_all(monkeypatch):
    monkeypatch.setitem(systems.SYSTEMS, "short", Entry("Short-sighted", f"{__name__}:ShortSighted"))
    made, imported = create_corpus(name="Small", log_format="builtin", options={"n_users": 30, "seed": 1})
    import_log(run_id=imported.pk)
    chosen = queue_run(corpus=made, stage="select_cases", parameters={"n_cases": 12, "n_train": 5})
    select_cases(run_id=chosen.pk)
    run = queue_run(corpus=made, stage="explain_cases", parameters={"system": "short"})
    explain_cases(run_id=run.pk)
    texts = list(Explanation.objects.filter(run=run).select_related("case"))
    assert len(texts) == len(READ) == 12
    assert any(text.n_history_shown < len(text.case.history) for text in texts)  # something was dropped
    for text in texts:
        rendered = comparing.prompt_of(text)
        assert rendered is not None
        assert rendered.text == READ[text.case.case_id]


def test_no_prompt_is_made_up_for_a_text_that_failed_or_a_version_that_is_gone():
    over = builders.case_run(n_cases=1)
    run = builders.explain_run(over=over)
    text = run.explanations.select_related("case").get()
    assert comparing.prompt_of(text) is None  # its signature names no prompt
    text.signature = {"system": "prism", "version": "1", "parameters": {"prompt": "gone-v0"}}
    assert comparing.prompt_of(text) is None
    text.signature["parameters"]["prompt"] = "compact-v1"
    assert "Film 3" in comparing.prompt_of(text).text
    text.status = "error"
    assert comparing.prompt_of(text) is None


def test_the_newest_run_of_each_system_is_compared_and_of_its_own_the_one_we_come_from():
    over = builders.case_run()
    old, new = (builders.explain_run(over=over, system="prism") for _ in range(2))
    other = builders.explain_run(over=over, system="template-knn")
    assert comparing.runs_compared(over, over) == [new, other]
    assert comparing.runs_compared(old, over) == [old, other]


def test_cases_are_narrowed_to_what_differs_failed_or_is_of_a_stranger():
    over = builders.case_run(n_cases=4)
    prism = builders.explain_run(over=over, system="prism", failing=(1,))
    other = builders.explain_run(over=over, system="template-knn")
    other.explanations.filter(case__position__in=(0, 3)).update(text="The same words.")
    prism.explanations.filter(case__position__in=(0, 3)).update(text="The same words.")
    prism.explanations.filter(case__position=3).update(unknown_user=True)
    elsewhere = builders.explain_run(over=builders.case_run(n_cases=1), system="prism", failing=(0,))
    runs = [prism, other]

    def positions(show):
        return [case.position for case in comparing.shown_cases(over, runs, show)]

    assert positions("") == [0, 1, 2, 3]
    assert positions("differ") == [1, 2]
    assert positions("not_ok") == [1]
    assert positions("unknown") == [3]
    assert elsewhere.explanations.count() == 1


def test_neighbours_are_those_of_the_cases_shown():
    over = builders.case_run(n_cases=5)
    runs = [builders.explain_run(over=over, failing=(0, 2, 4))]
    cases = {case.position: case for case in over.cases.all()}
    middle = comparing.compare(cases[2], over, runs, "not_ok")
    assert (middle.previous, middle.following) == (cases[0], cases[4])
    assert (middle.place, middle.n_shown) == (2, 3)
    outside = comparing.compare(cases[1], over, runs, "not_ok")
    assert (outside.previous, outside.following, outside.place) == (cases[0], cases[2], 0)
    assert comparing.compare(cases[0], over, runs).previous is None


def test_provenance_names_model_revision_prompt_decoding_seed_and_the_students_run():
    over = builders.case_run(n_cases=1)
    student = builders.run(stage="train_student", status="done")
    made = builders.explain_run(over=over)
    made.needs.through.objects.create(run=made, on=student)
    run = Run.objects.prefetch_related("needs").get(pk=made.pk)
    text = run.explanations.select_related("case").get()
    text.signature["parameters"] = {
        "artefact": "ab12", "engine": "torch", "prompt": "compact-v1", "seed": 7,
        "decoding": {"max_new_tokens": 64, "num_beams": 4, "no_repeat_ngram_size": 3},
    }  # fmt: skip
    told = comparing.told(run, text)
    known = dict(told.provenance)
    assert told.student == student
    assert known["Model"] == "ab12"
    assert known["Decoding"] == "4 beams, at most 64 tokens, no repeat ngram size: 3"
    assert (known["Seed"], known["Prompt version"], known["engine"]) == ("7", "compact-v1", "torch")
    assert known["Prompt sha256"] == told.prompt.sha256


@pytest.mark.parametrize(
    ("decoding", "words"),
    [
        (None, "none: nothing is decoded"),
        ({"max_new_tokens": 40}, "greedy, at most 40 tokens"),
        ({"do_sample": True, "temperature": 0.7, "top_p": 0.9}, "drawn at temperature 0.7, top p 0.9"),
    ],
)
def test_decoding_reads_as_words(decoding, words):
    assert comparing.decoding_words(decoding) == words
