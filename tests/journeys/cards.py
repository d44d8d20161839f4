"""The rating card as a client meets it: fields out of its page, marks and submits back."""

import secrets
from dataclasses import dataclass, field
from urllib.parse import urljoin

import requests
from lxml import html

CRITERIA = ("persuasiveness", "personalization", "faithfulness")


@dataclass
class Card:
    """A card's form as the page gave it."""

    url: str
    mark_url: str
    token: str
    fields: dict[str, str] = field(default_factory=dict)
    """csrfmiddlewaretoken, key, version, seconds."""

    def marked(self, **marks: int) -> dict[str, str]:
        """What a submit of these marks sends."""
        return {**self.fields, **{f"mark-{name}": str(value) for name, value in marks.items()}}


def read_card(base: str, body: bytes) -> Card | None:
    """The card on a page or in a fragment; None where there is none."""
    found = html.fromstring(body).xpath("//form[@data-token]")
    if not found:
        return None
    form = found[0]
    hidden = {box.get("name"): box.get("value") or "" for box in form.xpath(".//input[@type='hidden']")}
    return Card(
        urljoin(base, form.get("action")),
        urljoin(base, form.get("data-mark-url") or ""),
        form.get("data-token"),
        hidden,
    )


def current_card(session: requests.Session, base: str, study_id: int) -> Card | None:
    """Where this person's rating goes on."""
    answer = session.get(f"{base}/rate/{study_id}/", timeout=60)
    assert answer.status_code == 200, (answer.status_code, answer.text[:500])
    return read_card(base, answer.content)


def submit(session: requests.Session, card: Card, sent: dict[str, str], **headers: str) -> requests.Response:
    """Send a card's form, and follow nothing."""
    headers = {"Referer": card.url, **headers}
    return session.post(card.url, data=sent, headers=headers, timeout=60, allow_redirects=False)


def new_key() -> str:
    return secrets.token_hex(12)
