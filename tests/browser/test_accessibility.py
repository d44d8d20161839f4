"""Every page an annotator meets, looked through by axe-core: WCAG 2.2 AA and its best practices, in both themes."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from annotation.design.guessing import GuessPlan, WriterKind
from annotation.models.card import Card
from annotation.models.study import Enrolment
from annotation.services.close_study import close_study
from annotation.services.invite import invite
from annotation.services.make_crowd_link import make_crowd_link
from tests import builders
from tests.annotation.loud import enrolled, loud_study
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_rating_card import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  // What a fixed footer covers half at this place of scrolling is looked at again in the middle of the screen.
  for (const rule of found.violations.filter(rule => rule.id === "target-size")) {
    const still = [];
    for (const node of rule.nodes) {
      const target = document.querySelector(node.target[0]);
      target.scrollIntoView({block: "center", behavior: "instant"});
      const again = await axe.run(document, {runOnly: {type: "rule", values: ["target-size"]}});
      if (again.violations.some(one => one.nodes.some(other => other.target[0] === node.target[0]))) still.push(node);
    }
    rule.nodes = still;
  }
  found.violations = found.violations.filter(rule => rule.nodes.length);
  const words = node => `${node.html.slice(0, 120)} ${node.failureSummary}`;
  return found.violations.map(rule => `${rule.id}: ${rule.nodes.map(words).join(" | ")}`);
}"""


class Look:
    """Goes to pages and keeps what axe finds there."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.found: dict[str, list[str]] = {}
        self.n_pages = 0

    def at(self, path: str, *, status: int = 200) -> None:
        answer = self.page.goto(f"{self.url}{path}")
        assert answer is not None
        assert answer.status == status, path
        self.here(path)

    def here(self, name: str) -> None:
        self.n_pages += 1
        self.page.evaluate(AXE)
        if faults := self.page.evaluate(RUN):
            self.found[name] = faults


@pytest.mark.parametrize(("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)])
def test_no_page_of_an_annotator_has_a_fault(
    browser: Browser, live_server: object, scheme: str, size: dict
) -> None:
    # Without motion: a colour half on its way to another has a contrast nobody reads by.
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    look = Look(context.new_page(), live_server.url)  # type: ignore[attr-defined]
    olga = builders.user("olga", role="owner")
    ada = builders.user("ada", role="annotator")
    study_id = loud_study(olga, n_cases=1, n_annotators=1, n_calibration=2)
    root = f"/rate/{study_id}/"
    token = invite(study_id=study_id, by_id=olga.pk, max_uses=9)
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/privacy/"):
        look.at(path)
    look.at(f"/join/{token}/")
    look.at("/join/no-such/", status=404)
    crowd = make_crowd_link(study_id=study_id, by_id=olga.pk, max_uses=9)
    look.at(f"/join/{crowd}/", status=400)
    look.at(f"/join/{crowd}/?PROLIFIC_PID=5f2c7be0a1b2")
    sign_in(context, look.url, ada)
    look.at("/rate/")
    look.at(f"/join/{token}/")

    enrolled(study_id, ada, stage="consent")
    look.at(f"{root}consent/")
    look.page.get_by_role("button", name="Agree and go on").click()
    look.here("consent refused")
    look.at(f"{root}declined/")
    look.at(f"{root}consent/")
    look.page.get_by_role("checkbox").check()
    look.page.get_by_role("button", name="Agree and go on").click()
    look.here("guidelines")
    look.page.get_by_role("button", name="I have read this").click()
    look.page.wait_for_url("**/calibration/")
    for _ in range(2):
        look.here("practice")
        value = Card.objects.get(token=look.page.locator("[data-token]").first.get_attribute("data-token"))
        look.page.locator("#save").click()
        look.here("practice refused")
        for number in range(3):
            question = look.page.locator("fieldset.question").nth(number)
            question.locator(f"input[value='{value.gold.first().value}']").check(force=True)
        look.page.locator("#save").click()
        look.page.wait_for_url("**/feedback/")
        look.here("feedback")
        look.page.locator("#save").click()
    look.here("gate passed")
    look.at(root)
    look.page.keyboard.press("?")
    look.here("card with its keys shown")
    look.at(root)
    look.page.locator("#save").click()
    look.here("card refused")
    look.at(f"{root}guidelines/")
    look.at(f"{root}withdraw/")
    look.at(root)
    for following in ("Card 2 of 2", "You have finished"):
        for number in range(3):
            look.page.locator("fieldset.question").nth(number).locator("input").nth(3).check(force=True)
        look.page.locator("#save").click()
        expect(look.page.locator("#card-heading, h1").first).to_have_text(following)
    look.at(f"{root}finish/")
    look.at("/rate/")
    look.at(f"/rate/{study_id + 1}/", status=403)
    _other_ends(look, study_id, olga, ada, root)
    _boards_and_guess(look, olga, ada)
    context.close()
    assert look.found == {}
    assert look.n_pages >= 33


def _boards_and_guess(look: Look, olga: User, ada: User) -> None:
    """The pages of the side-by-side design, and the question after the last of them."""
    guess = GuessPlan(2, (WriterKind("model", "A language model"), WriterKind("person", "A person")))
    study_id = loud_study(
        olga, n_cases=1, n_annotators=1, n_calibration=2, design="side_by_side", guess=guess
    )
    enrolled(study_id, ada, stage="rating")
    look.at(f"/rate/{study_id}/")
    look.page.locator("#save").click()
    look.here("board refused")
    for question in look.page.locator("fieldset.question").all():
        question.locator("input").nth(2).check(force=True)
    look.page.locator("#save").click()
    look.page.wait_for_url("**/guess/")
    look.here("guess")


def _other_ends(look: Look, study_id: int, olga: User, ada: User, root: str) -> None:
    """Pages that one person's way does not all lead through, by what is stored of it."""
    mine = Enrolment.objects.filter(study=study_id, annotator=ada)
    mine.update(finished_at=None, gate="failed")
    look.at(f"{root}gate/")
    mine.update(gate="pending", attempt=2, gate_results=[{"passed": False, "feedback": ["Not near enough."]}])
    look.at(f"{root}gate/")
    mine.update(gate="passed")
    close_study(study_id=study_id, by_id=olga.pk)
    look.at(f"{root}finish/")
    mine.update(withdrawn_at=mine.get().enrolled_at)
    look.at(f"{root}finish/")
