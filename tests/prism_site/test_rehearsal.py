"""What a simulated annotator reads in a text: the rule its marks, and a rehearsal's gold, are made of."""

import numpy as np
import pytest

from annotation import queries
from annotation.design.checks import CheckPlan, attention_texts
from annotation.judging import judging_of
from annotation.models.rating import Rating
from annotation.models.study import Enrolment
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.plan_checks import plan_checks
from generation.pipeline.records import Case, Item
from prism_site.demo import PRACTICE_FORMS, practice_texts
from prism_site.rehearsal import Reader, SimulatedAnnotator
from tests import builders
from tests.annotation.loud import loud_study

POSTMAN = Item("p", "The Postman (Il Postino)", 1994, ("Comedy", "Drama"))
MONSOON = Item("m", "Monsoon Wedding (Mariage des moussons, Le)", 2001, ("Comedy",))
HEAT = Item("h", "Heat", 1995, ("Action", "Crime"))
MADE = Item("d", "Made", 2001, ("Comedy",))
READER = Reader([POSTMAN, MONSOON, HEAT, MADE])


@pytest.mark.parametrize(
    ("text", "named", "invented", "names_item"),
    [
        (f"{HEAT.label} after {POSTMAN.label}.", 1, 0, True),
        (f"{HEAT.label} after The Postman, or Il Postino as you call it.", 1, 0, True),
        (f"As {MONSOON.label} before it.", 0, 1, False),
        (f"{HEAT.label} is well made.", 0, 0, True),
    ],
)
def test_a_film_of_two_names_is_one_film(text: str, named: int, invented: int, names_item: bool) -> None:
    reading = READER.read(
        history={POSTMAN.label: "Comedy, Drama"}, item=(HEAT.label, "Action, Crime"), explanation=text
    )
    assert (reading.named, reading.invented, reading.names_item) == (named, invented, names_item)


def test_practice_texts_speak_proper_english() -> None:
    cases = [Case(f"c{index}", "u", (POSTMAN, MONSOON), HEAT, "test") for index in range(len(PRACTICE_FORMS))]
    texts = practice_texts(cases, [MADE, HEAT, POSTMAN, MONSOON], np.random.default_rng(0)).values()
    assert len(texts) == len(PRACTICE_FORMS)
    assert any("is an action film" in text for text in texts)
    assert not any("{" in text for text in texts)


@pytest.mark.django_db(transaction=True)
def test_a_simulated_annotator_judges_every_text_of_a_board(live_server) -> None:
    olga, ada = builders.user("olga", role="owner"), builders.user("ada", role="annotator")
    ada.set_password("a long enough word")
    ada.save()
    study_id = loud_study(olga, n_cases=2, n_calibration=0, design="side_by_side")
    robot = SimulatedAnnotator(
        name="ada",
        password="a long enough word",
        severity=0.0,
        noise=0.0,
        reader=READER,
        rng=np.random.default_rng(0),
        base_url=live_server.url,
    )
    robot.take_part(f"/join/{invite(study_id=study_id, by_id=olga.pk)}/")
    assert robot.n_rated == 4
    assert Rating.objects.count() == 12
    assert Enrolment.objects.get().finished_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("reads_on", [True, False])
def test_who_reads_on_gives_an_attention_check_the_mark_it_asks_for(live_server, reads_on: bool) -> None:
    olga, ada = builders.user("olga", role="owner"), builders.user("ada", role="annotator")
    ada.set_password("a long enough word")
    ada.save()
    study_id = loud_study(olga, n_cases=2, n_calibration=0, opened=False)
    plan_checks(study_id=study_id, plan=CheckPlan(attention=2, texts=attention_texts("en")))
    open_study(study_id=study_id, by_id=olga.pk)
    robot = SimulatedAnnotator(
        name="ada",
        password="a long enough word",
        severity=0.0,
        noise=0.0,
        reader=READER,
        rng=np.random.default_rng(0),
        base_url=live_server.url,
        reads_on=reads_on,
    )
    robot.take_part(f"/join/{invite(study_id=study_id, by_id=olga.pk)}/")
    checks = queries.check_marks(study_id)
    assert len(checks) == 2 * 3
    assert (checks["value"] == checks["wanted"]).all() == reads_on
    assert judging_of(study_id)[Enrolment.objects.get().pk].attention == (reads_on, reads_on)
