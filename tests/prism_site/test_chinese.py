"""What annotators read is in Simplified Chinese as well, whole, and compiled.

After changing a text: manage.py makemessages -l zh_Hans --no-wrap --no-location, translate, compilemessages.
"""

import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation.template import templatize

FOLDER = settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES"
TEMPLATES = settings.BASE_DIR / "templates"
ANNOTATORS = [
    *[
        "card",
        "consent",
        "finish",
        "_code",
        "gate",
        "guess",
        "guidelines",
        "join",
        "my_studies",
        "signed_in",
        "refused",
        "withdraw",
    ],
    *["calibration_feedback", "_card_progress", "_case", "_columns", "_dots", "_evidence", "_levels"],
    *["_question", "_steps"],
]
READ_BY_ANNOTATORS = [
    *sorted(path for path in TEMPLATES.glob("*.html") if path.name != "home.html"),
    *sorted((TEMPLATES / "account").glob("*.html")),
    *[TEMPLATES / "annotation" / f"{name}.html" for name in ANNOTATORS],
]
STRING = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""


@pytest.fixture(scope="module")
def compiled() -> gettext.GNUTranslations:
    with (FOLDER / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def texts(path: Path) -> list[str]:
    """The translatable texts of a template, as makemessages finds them."""
    python = templatize(path.read_text(encoding="utf-8"))
    return [unquoted(found) for found in re.findall(rf"gettext\( ?{STRING}", python)]


def unquoted(literal: str) -> str:
    return literal[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")


def test_the_reader_of_templates_finds_texts() -> None:
    assert "Sign in to Prism" in texts(TEMPLATES / "account/login.html")
    assert "%(done)s of %(total)s" in texts(TEMPLATES / "_progress.html")


@pytest.mark.parametrize("path", READ_BY_ANNOTATORS, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_text_an_annotator_reads_is_translated(path: Path, compiled: gettext.GNUTranslations) -> None:
    known = {key[0] if isinstance(key, tuple) else key for key in compiled._catalog}
    assert [text for text in texts(path) if text not in known] == []


def test_the_compiled_file_says_what_the_readable_one_says(compiled: gettext.GNUTranslations) -> None:
    readable = (FOLDER / "django.po").read_text(encoding="utf-8")
    pairs = re.findall(
        r'^msgid "(.+)"\n(?:msgid_plural ".*"\n)?msgstr(?:\[0\])? "(.*)"$', readable, flags=re.M
    )
    assert len(pairs) > 150
    translations = set(compiled._catalog.values())
    assert [said for _, said in pairs if said.replace('\\"', '"') not in translations] == []


def test_placeholders_survive_translation() -> None:
    readable = (FOLDER / "django.po").read_text(encoding="utf-8")
    for entry in readable.split("\n\n")[1:]:
        asked, said = entry.split("\nmsgstr", 1)
        assert set(re.findall(r"%\(\w+\)s", said)) <= set(re.findall(r"%\(\w+\)s", asked)), entry


@pytest.mark.django_db
def test_a_chinese_browser_is_answered_in_chinese(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": "zh-CN,zh;q=0.9"}).content.decode()
    assert '<html lang="zh-hans" dir="ltr">' in page
    assert "登录 Prism" in page
    assert "Sign in" not in page


@pytest.mark.django_db
def test_a_browser_in_any_other_language_is_answered_in_one_language_throughout(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": "de-DE,de"}).content.decode()
    assert '<html lang="en"' in page
    assert "Passwort" not in page
