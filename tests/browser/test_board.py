"""The board of the design side by side in a real browser: keyboard, mouse, without script, offline, on a phone."""

from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

from annotation.models.card import Placement
from annotation.models.rating import Rating, RatingRevision
from tests import builders
from tests.annotation.loud import enrolled, loud_study
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_accessibility import Look
from tests.browser.test_rating_card import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SYSTEMS = ("SYSTEM-LOUD-TEACHER", "SYSTEM-LOUD-STUDENT", "SYSTEM-LOUD-RULES")


@pytest.fixture
def study(live_server: object) -> tuple[str, User]:
    """Ada at her first board of two, three texts each: the loop's address, and Ada."""
    ada = builders.user("ada", role="annotator")
    study_id = loud_study(
        builders.user("olga", role="owner"), n_cases=2, design="side_by_side", systems=SYSTEMS
    )
    enrolled(study_id, ada, stage="rating")
    return f"{live_server.url}/rate/{study_id}/", ada  # type: ignore[attr-defined]


@pytest.fixture
def board(context: BrowserContext, page: Page, study: tuple[str, User]) -> Page:
    sign_in(context, *study)
    page.goto(study[0])
    return page


def values() -> list[int | None]:
    return sorted(Rating.objects.values_list("value", flat=True))


def test_with_the_keyboard_alone_every_board_is_judged(board: Page) -> None:
    faults: list[str] = []
    board.on("pageerror", lambda fault: faults.append(str(fault)))
    for number in (1, 2):
        expect(board.locator("#card-heading")).to_have_text(f"Case {number} of 2")
        if number > 1:
            expect(board.locator("#card-heading")).to_be_focused()
        assert board.locator("fieldset.question input:checked").count() == 0
        board.keyboard.type("123451234")
        expect(board.locator("#save")).to_be_focused()
        columns = [
            [radio.get_attribute("value") for radio in column.locator("input:checked").all()]
            for column in board.locator(".column").all()
        ]
        assert columns == [["1", "2", "3"], ["4", "5", "1"], ["2", "3", "4"]]  # text by text
        expect(board.locator("#saved")).to_have_text("Saved")
        assert Rating.objects.count() == 9 * number
        board.keyboard.press("Enter")
    expect(board.locator("h1")).to_have_text("You have finished")
    assert RatingRevision.objects.count() == 18  # saving the boards stored no mark a second time
    assert not faults


def test_with_the_mouse_alone_an_open_question_holds_the_board_and_back_shows_it_again(board: Page) -> None:
    questions = board.locator("fieldset.question")
    for question in questions.all()[:8]:
        question.locator("label.level").nth(3).click()
    board.locator("#save").click()
    expect(board.locator("#save-why")).to_have_text("Still open: 1")
    expect(questions.last.locator("input").first).to_be_focused()
    questions.last.get_by_text("I cannot judge this").click()
    questions.last.locator("select").select_option("Another reason")
    board.locator("#save").click()
    expect(board.locator("#card-heading")).to_have_text("Case 2 of 2")
    assert Placement.objects.filter(done_at__isnull=False).count() == 3
    board.get_by_role("link", name="Back").click()
    expect(board.locator("#card-heading")).to_have_text("Case 1 of 2")
    assert board.locator("fieldset.question input[value='4']:checked").count() == 8
    board.go_back()
    expect(board.locator("#card-heading")).to_have_text("Case 2 of 2")
    expect(board.get_by_role("link", name="Stop for now")).to_be_visible()


def test_without_script_the_form_alone_carries_a_board(browser: Browser, study: tuple[str, User]) -> None:
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    sign_in(context, *study)
    page = context.new_page()
    page.goto(study[0])
    page.locator("#save").click()
    expect(page.locator(".errors")).to_contain_text("9 questions are still open")
    for column, place in zip(page.locator(".column").all(), (0, 2, 4), strict=True):
        for question in column.locator("fieldset.question").all():
            question.locator("label.level").nth(place).click()
    page.locator("#save").click()
    expect(page.locator("#card-heading")).to_have_text("Case 2 of 2")
    context.close()
    assert values() == [1] * 3 + [3] * 3 + [5] * 3


def test_marks_made_offline_wait_in_their_columns_survive_a_reload_and_arrive(board: Page) -> None:
    board.route("**/mark/", lambda route: route.abort())
    board.reload()  # a route holds for certain from the next page on
    board.keyboard.type("2424")
    expect(board.locator("#saved")).to_have_text("Offline: 4 waiting")
    assert not Rating.objects.exists()
    board.on("dialog", lambda dialog: dialog.accept())
    board.reload()
    expect(board.locator("#saved")).to_have_text("Offline: 4 waiting")
    marked = [column.locator("input:checked").count() for column in board.locator(".column").all()]
    assert marked == [3, 1, 0]
    board.unroute("**/mark/")
    expect(board.locator("#saved")).to_have_text("Saved")
    assert values() == [2, 2, 4, 4]
    assert board.evaluate("localStorage.length") == 0
    board.keyboard.type("33333")
    expect(board.locator("#saved")).to_have_text("Saved")
    board.keyboard.press("Enter")
    expect(board.locator("#card-heading")).to_have_text("Case 2 of 2")
    assert RatingRevision.objects.count() == 9


def test_a_stale_tab_is_refused_and_shows_what_is_stored(board: Page, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(board.url)
    other.keyboard.type("555")
    expect(other.locator("#saved")).to_have_text("Saved")
    board.keyboard.type("111111111")
    expect(board.locator("#save")).to_be_focused()
    board.locator("#save").click()
    expect(board.locator("#card .errors")).to_contain_text("older than what is stored")
    first = board.locator(".column").first
    assert first.locator("fieldset.question input[value='5']:checked").count() == 3
    assert values() == [1] * 6 + [5] * 3


def test_three_texts_stand_side_by_side_with_their_scales_in_one_line(board: Page) -> None:
    assert board.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]
    for part in (".explanation", ".scale"):
        tops = {round(one.bounding_box()["y"]) for one in board.locator(f".column {part}").all()}
        assert len(tops) == (1 if part == ".explanation" else 3)
    for level in board.locator("label.level").all():
        box = level.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    assert board.locator("legend").nth(4).text_content().startswith("Explanation 2: How ")
    expect(board.locator(".evidence")).to_have_count(1)
    for number in range(3):  # a question stands once, over all columns, and so does what its levels mean
        levels = board.locator(".first details").nth(number)
        levels.locator("summary").click()
        expect(levels.locator("dl")).to_be_in_viewport(ratio=0.9)
        levels.locator("summary").click()
    expect(board.locator(".column:not(.first) summary:visible")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_texts_are_stacked_each_with_its_questions(
    browser: Browser, study: tuple[str, User], width: int
) -> None:
    context = browser.new_context(viewport={**PHONE, "width": width}, has_touch=True)
    sign_in(context, *study)
    page = context.new_page()
    page.goto(study[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator(".evidence")).to_be_hidden()
    expect(page.locator(".explained")).to_be_visible()
    tops = [column.bounding_box() for column in page.locator(".column").all()]
    assert all(one["y"] + one["height"] <= other["y"] for one, other in pairwise(tops))
    page.get_by_role("radio", name="History").check(force=True)
    expect(page.locator(".evidence")).to_be_visible()
    expect(page.locator(".columns")).to_be_hidden()
    page.get_by_role("radio", name="Explanations").check(force=True)
    for question in page.locator("fieldset.question").all():
        expect(question.locator("legend")).to_be_visible()
        level = question.locator("label.level").nth(4)
        assert min(level.bounding_box()["width"], level.bounding_box()["height"]) >= 44
        level.tap()
    expect(page.locator("#save")).to_be_in_viewport()
    page.locator("#save").tap()
    expect(page.locator("#card-heading")).to_have_text("Case 2 of 2")
    context.close()


@pytest.mark.parametrize(("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)])
def test_a_board_has_no_fault_that_axe_finds(
    browser: Browser, study: tuple[str, User], scheme: str, size: dict
) -> None:
    # Without motion: a colour half on its way to another has a contrast nobody reads by.
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    sign_in(context, *study)
    look = Look(context.new_page(), "")
    look.at(study[0])
    for question in look.page.locator("fieldset.question").all()[:4]:
        question.locator("input").nth(2).check(force=True)
    look.here("some marked")
    look.page.evaluate("document.getElementById('card-form').submit()")
    look.page.locator(".errors").wait_for()
    look.here("refused")
    context.close()
    assert look.found == {}
    assert look.n_pages == 3
