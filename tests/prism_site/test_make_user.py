from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

pytestmark = pytest.mark.django_db
GOOD = "a-calm-sheet-of-paper"


def make(*arguments: str) -> str:
    out = StringIO()
    call_command("make_user", *arguments, stdout=out)
    return out.getvalue()


def test_the_printed_password_signs_the_person_in(client: Client) -> None:
    said = make("olga", "--role", "owner")
    password = said.split("shown this once): ")[1].strip()
    assert len(password) >= 12
    assert client.login(username="olga", password=password)
    assert User.objects.get().has_perm("annotation.own")


def test_a_given_password_is_not_printed(client: Client) -> None:
    said = make("olga", "--role", "owner", "--password", GOOD)
    assert GOOD not in said
    assert client.login(username="olga", password=GOOD)


def test_several_roles() -> None:
    make("olga", "--role", "owner", "--role", "annotator", "--password", GOOD)
    assert sorted(User.objects.get().groups.values_list("name", flat=True)) == ["annotator", "owner"]


def test_a_person_who_is_there_gets_the_role_and_keeps_the_password(client: Client, rosa: User) -> None:
    before = rosa.password
    said = make("Rosa", "--role", "annotator")
    rosa = User.objects.get(username="rosa")
    assert "was there already" in said
    assert rosa.has_perm("annotation.rate")
    assert rosa.password == before


def test_a_new_password_for_a_person_who_is_there_is_refused_with_the_way(rosa: User) -> None:
    with pytest.raises(CommandError, match=r"manage\.py changepassword rosa"):
        make("rosa", "--role", "annotator", "--password", GOOD)
    assert not User.objects.get(username="rosa").has_perm("annotation.rate")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("olga", "--role", "owner", "--password", "12345678"), "too common"),
        (("ol ga", "--role", "owner"), "valid username"),
        (("olga", "--role", "owner", "--email", "nowhere"), "valid email"),
        (("olga", "--role", "admin"), "invalid choice: 'admin'"),
        (("olga",), "required: --role"),
    ],
)
def test_bad_input_makes_nobody_and_says_why(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        make(*arguments)
    assert not User.objects.exists()
