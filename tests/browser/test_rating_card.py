"""The rating card in a real browser: keyboard only, mouse only, without script, offline and back, on a phone."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

from annotation.models.card import Placement
from annotation.models.rating import Rating, RatingRevision
from tests import builders
from tests.annotation import studies
from tests.annotation.loud import enrolled, loud_study
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def study(live_server: object) -> tuple[str, User]:
    """Ada at her first card of four: the card loop's address, and Ada."""
    ada = builders.user("ada", role="annotator")
    study_id = loud_study(builders.user("olga", role="owner"), n_cases=2)
    enrolled(study_id, ada, stage="rating")
    return f"{live_server.url}/rate/{study_id}/", ada  # type: ignore[attr-defined]


def sign_in(context: BrowserContext, url: str, person: User) -> None:
    """Give the browser the person's session, as signing in would."""
    from django.test import Client

    client = Client()
    client.force_login(person)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])


@pytest.fixture
def card(context: BrowserContext, page: Page, study: tuple[str, User]) -> Page:
    sign_in(context, *study)
    page.goto(study[0])
    return page


def test_with_the_keyboard_alone_every_card_is_rated(card: Page) -> None:
    for number in range(1, 5):
        expect(card.locator("#card-heading")).to_have_text(f"Card {number} of 4")
        if number > 1:
            expect(card.locator("#card-heading")).to_be_focused()
        assert card.locator("fieldset.question input:checked").count() == 0
        for value in "135":
            card.keyboard.press(value)
        expect(card.locator("#saved")).to_have_text("Saved")
        expect(card.locator("#save")).to_be_focused()
        card.keyboard.press("Enter")
    expect(card.locator("h1")).to_have_text("You have finished")
    assert sorted(Rating.objects.values_list("value", flat=True)) == [1] * 4 + [3] * 4 + [5] * 4
    assert RatingRevision.objects.count() == 12  # saving the card stored no mark a second time


def test_arrows_and_tab_answer_and_enter_refuses_an_open_question(card: Page) -> None:
    card.locator("fieldset.question input").first.focus()
    card.keyboard.press("Space")
    card.keyboard.press("ArrowRight")
    assert card.locator("fieldset.question input:checked").first.get_attribute("value") == "2"
    card.keyboard.press("Enter")
    expect(card.locator("#save-why")).to_have_text("Still open: 2")
    expect(card.locator("#card-heading")).to_have_text("Card 1 of 4")


def test_ctrl_z_takes_back_an_answer_a_change_and_a_card(card: Page) -> None:
    first = card.locator("fieldset.question").first
    card.keyboard.press("2")
    expect(card.locator("#saved")).to_have_text("Saved")
    card.keyboard.press("Control+z")
    assert first.locator("input:checked").count() == 0
    expect(card.locator("#saved")).to_have_text("Taken back")
    card.keyboard.press("Enter")
    expect(card.locator("#save-why")).to_have_text("Still open: 3")
    card.keyboard.type("345")
    first.locator("input").nth(0).check()
    card.keyboard.press("Control+z")
    assert first.locator("input:checked").get_attribute("value") == "3"
    card.keyboard.press("Control+z")
    assert first.locator("input:checked").get_attribute("value") == "3"  # one step alone
    expect(card.locator("#saved")).to_have_text("Saved")
    card.locator("#save").click()
    expect(card.locator("#card-heading")).to_have_text("Card 2 of 4")
    expect(card.locator("#card-heading")).to_be_focused()
    assert [rating.value for rating in Rating.objects.order_by("pk")] == [3, 4, 5]
    card.keyboard.press("Control+z")
    expect(card.locator("#card-heading")).to_have_text("Card 1 of 4")
    card.keyboard.press("Control+z")
    assert card.locator("fieldset.question input:checked").count() == 3


def test_ctrl_z_comes_too_late_after_ten_seconds(card: Page, page: Page) -> None:
    card.keyboard.press("2")
    expect(card.locator("#saved")).to_have_text("Saved")
    card.evaluate(
        "() => { const now = performance.now.bind(performance); performance.now = () => now() + 10001; }"
    )
    card.keyboard.press("Control+z")
    assert card.locator("fieldset.question input:checked").count() == 1


def test_keys_can_be_switched_off_and_stay_off(card: Page) -> None:
    card.keyboard.press("?")
    expect(card.locator("#cheat-sheet")).to_be_visible()
    card.locator("#keys-on").uncheck()
    card.get_by_role("button", name="Close").click()
    card.keyboard.press("4")
    assert card.locator("fieldset.question input:checked").count() == 0
    card.reload()
    card.keyboard.press("4")
    assert card.locator("fieldset.question input:checked").count() == 0


def test_with_the_mouse_alone_and_back(card: Page) -> None:
    for question in card.locator("fieldset.question").all():
        question.locator("label.level").nth(3).click()
    card.locator("#save").click()
    expect(card.locator("#card-heading")).to_have_text("Card 2 of 4")
    expect(card).to_have_title(re.compile("^2 of 4"))
    card.get_by_role("link", name="Back").click()
    expect(card.locator("#card-heading")).to_have_text("Card 1 of 4")
    assert card.locator("fieldset.question input[value='4']:checked").count() == 3
    card.locator("fieldset.question").first.locator("label.level").nth(0).click()
    expect(card.locator("#saved")).to_have_text("Saved")
    card.reload()
    assert card.locator("fieldset.question input[value='1']:checked").count() == 1


def test_the_browsers_own_back_and_forward_bring_whole_pages(card: Page) -> None:
    faults: list[str] = []
    card.on("pageerror", lambda fault: faults.append(str(fault)))
    card.keyboard.type("135")
    expect(card.locator("#saved")).to_have_text("Saved")
    card.keyboard.press("Enter")
    expect(card.locator("#card-heading")).to_have_text("Card 2 of 4")
    for step, number in ((card.go_back, 1), (card.go_forward, 2)):
        step()
        expect(card.locator("#card-heading")).to_have_text(f"Card {number} of 4")
        expect(card.get_by_role("link", name="Stop for now")).to_be_visible()
        card.keyboard.press("?")
        expect(card.locator("#cheat-sheet")).to_be_visible()
        card.keyboard.press("Escape")
    assert not faults


def test_without_script_the_form_alone_carries_the_marks(browser: Browser, study: tuple[str, User]) -> None:
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    sign_in(context, *study)
    page = context.new_page()
    page.goto(study[0])
    page.locator("#save").click()
    expect(page.locator(".errors")).to_contain_text("3 questions are still open")
    for question in page.locator("fieldset.question").all():
        question.locator("label.level").nth(1).click()
    page.locator("#save").click()
    expect(page.locator("#card-heading")).to_have_text("Card 2 of 4")
    context.close()
    assert list(Rating.objects.values_list("value", flat=True)) == [2, 2, 2]


def test_marks_made_offline_wait_survive_a_reload_and_arrive(card: Page, context: BrowserContext) -> None:
    card.route("**/mark/", lambda route: route.abort())
    card.keyboard.press("2")
    card.keyboard.press("4")
    expect(card.locator("#saved")).to_have_text("Offline: 2 waiting")
    assert not Rating.objects.exists()
    card.on("dialog", lambda dialog: dialog.accept())
    card.reload()
    expect(card.locator("#saved")).to_have_text("Offline: 2 waiting")
    assert card.locator("fieldset.question input:checked").count() == 2
    stored = card.evaluate("JSON.stringify(localStorage)")
    assert "Ex Machina" not in stored
    assert "person" not in stored.replace("personalization", "")
    card.unroute("**/mark/")
    expect(card.locator("#saved")).to_have_text("Saved")
    assert sorted(Rating.objects.values_list("value", flat=True)) == [2, 4]
    assert card.evaluate("localStorage.length") == 0


def test_save_and_next_offline_goes_on_by_itself_when_the_line_is_back(
    card: Page, context: BrowserContext
) -> None:
    for value in "333":
        card.keyboard.press(value)
    expect(card.locator("#saved")).to_have_text("Saved")
    context.set_offline(True)
    card.keyboard.press("Enter")
    expect(card.locator("#saved")).to_contain_text("Offline")
    context.set_offline(False)
    expect(card.locator("#card-heading")).to_have_text("Card 2 of 4")
    assert Placement.objects.filter(done_at__isnull=False).count() == 1


def test_a_lost_answer_does_not_store_a_mark_twice(card: Page) -> None:
    lost = []

    def lose_the_first(route: object) -> None:
        if not lost:
            lost.append(route.fetch())  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    card.route("**/mark/", lose_the_first)
    card.keyboard.press("5")
    expect(card.locator("#saved")).to_have_text("Saved")
    assert RatingRevision.objects.count() == 1


def test_signed_out_in_mid_card_the_mark_waits_for_signing_in_again(
    card: Page, context: BrowserContext, study: tuple[str, User]
) -> None:
    context.clear_cookies(name="sessionid")
    card.keyboard.press("5")
    expect(card.locator("#saved")).to_contain_text("Sign in again in a new tab")
    sign_in(context, *study)
    expect(card.locator("#saved")).to_have_text("Saved")
    assert Rating.objects.get().value == 5


def test_a_stale_tab_is_refused_and_shows_what_is_stored(card: Page, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(card.url)
    for value in "555":
        other.keyboard.press(value)
    expect(other.locator("#saved")).to_have_text("Saved")
    for question in card.locator("fieldset.question").all():
        question.locator("label.level").nth(0).click()
    expect(card.locator("#saved")).to_contain_text("changed on another page")
    card.locator("#save").click()
    expect(card.locator("#card .errors")).to_contain_text("older than what is stored")
    assert card.locator("fieldset.question input[value='5']:checked").count() == 3
    assert set(Rating.objects.values_list("value", flat=True)) == {5}


def test_text_and_scale_are_seen_together_on_a_small_laptop(card: Page) -> None:
    explanation, last = card.locator(".explanation"), card.locator(".scale").last
    foot = card.locator(".card-foot").bounding_box()
    assert explanation.bounding_box()["y"] >= 0
    assert last.bounding_box()["y"] + last.bounding_box()["height"] <= foot["y"]
    for level in card.locator("label.level").all():
        box = level.bounding_box()
        assert min(box["width"], box["height"]) >= 44


def test_no_line_of_the_explanation_is_longer_than_70_characters(card: Page) -> None:
    longest = card.evaluate(
        """() => {
          const text = document.querySelector('.explanation p[lang]').firstChild, lines = new Map();
          for (let i = 0; i < text.length; i += 1) {
            const range = document.createRange(); range.setStart(text, i); range.setEnd(text, i + 1);
            const top = Math.round(range.getBoundingClientRect().top);
            lines.set(top, (lines.get(top) || 0) + 1);
          }
          return Math.max(...lines.values());
        }"""
    )
    assert 30 < longest <= 70


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_nothing_runs_off_and_the_footer_stays(
    browser: Browser, study: tuple[str, User], width: int
) -> None:
    context = browser.new_context(viewport={**PHONE, "width": width}, has_touch=True)
    sign_in(context, *study)
    page = context.new_page()
    page.goto(study[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator(".explanation")).to_be_visible()
    expect(page.locator(".evidence")).to_be_hidden()
    expect(page.locator(".explained")).to_have_text(re.compile(r"Recommended Ex Machina \d \(2014\)"))
    expect(page.locator(".explained")).to_be_visible()
    expect(page.locator(".sides label").first).to_have_text("History · 4")
    page.get_by_role("radio", name="History").check(force=True)
    expect(page.locator(".evidence")).to_be_visible()
    expect(page.locator(".recommended")).to_contain_text("Recommended")
    expect(page.locator("#save")).to_be_in_viewport()
    page.get_by_role("radio", name="Explanation").check(force=True)
    for question in page.locator("fieldset.question").all():
        for level in question.locator("label.level").all():
            box = level.bounding_box()
            assert min(box["width"], box["height"]) >= 44
        question.locator("label.level").nth(4).tap()
    page.locator("#save").tap()
    expect(page.locator("#card-heading")).to_have_text("Card 2 of 4")
    context.close()


def test_on_a_phone_without_script_history_and_explanation_are_both_in_reach(
    browser: Browser, study: tuple[str, User]
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    sign_in(context, *study)
    page = context.new_page()
    page.goto(study[0])
    expect(page.locator(".explained")).to_be_visible()
    page.get_by_role("radio", name="History").check(force=True)
    expect(page.locator(".history li").first).to_be_visible()
    page.get_by_role("radio", name="Explanation").check(force=True)
    expect(page.locator(".explanation")).to_be_visible()
    context.close()


def test_enter_goes_on_from_the_feedback_of_a_practice_card(
    context: BrowserContext, page: Page, live_server: object
) -> None:
    ada = builders.user("ada", role="annotator")
    study = studies.opened(owner=builders.user("olga", role="owner"))
    studies.enrol(study=study, person=ada, passed=False)
    root = f"{live_server.url}/rate/{study.pk}/"  # type: ignore[attr-defined]
    sign_in(context, root, ada)
    page.goto(f"{root}calibration/")
    for value in "135":
        page.keyboard.press(value)
    page.keyboard.press("Enter")
    expect(page.locator("#feedback")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#card-form")).to_be_visible()
