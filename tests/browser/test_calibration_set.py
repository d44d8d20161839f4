"""Reference marks in a real browser: a card that is saved leaves what was typed on the others where it is."""

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from annotation.models.card import CalibrationGold
from tests import builders
from tests.annotation import studies
from tests.browser.test_rating_card import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_saving_one_card_keeps_what_was_typed_on_the_others(
    context: BrowserContext, page: Page, live_server: object
) -> None:
    olga = builders.user("olga", role="owner")
    study = studies.build(owner=olga, n_calibration=2).study_id
    url = f"{live_server.url}{reverse('annotation:study-calibration', args=[study])}"  # type: ignore[attr-defined]
    sign_in(context, url, olga)
    page.goto(url)
    cards = page.locator("article.gold-card")
    for number in range(2):
        for question in cards.nth(number).locator("fieldset").all():
            question.locator("label.level").nth(3).click()
            question.locator("input[type=text]").fill(f"Because {number}.")
    cards.nth(0).get_by_role("button", name="Save this card").click()
    expect(page.locator("#messages")).to_contain_text("Card 1 is saved: all 3 marks.")
    expect(page.locator("#gold-state")).to_contain_text("3 marks missing")
    assert cards.nth(1).locator("input:checked").count() == 3
    assert cards.nth(1).locator("input[type=text]").first.input_value() == "Because 1."
    assert set(CalibrationGold.objects.values_list("rationale", flat=True)) == {"Because 0."}
    cards.nth(1).get_by_role("button", name="Save this card").click()
    expect(page.locator("#gold-state")).to_contain_text("complete")
    assert CalibrationGold.objects.count() == 6
