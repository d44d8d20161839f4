"""Make a user with a role, or give a role to a user who is there already."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from prism_site.roles import ROLES, grant


class Command(BaseCommand):
    help = "Make a user with a role. Without --password one is made up and printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The name to sign in with.")
        parser.add_argument(
            "--role", action="append", choices=list(ROLES), required=True, help="May be given more than once."
        )
        parser.add_argument("--email", default="", help="Where a password-reset link would go.")
        parser.add_argument(
            "--password", help="Other users of this machine can see it while the command runs."
        )

    def handle(
        self, *args: Any, name: str, role: list[str], email: str, password: str | None, **options: Any
    ) -> None:
        User = get_user_model()
        roles = ", ".join(dict.fromkeys(role))
        there = User.objects.filter(username__iexact=name).first()
        if there and (password or email):
            raise CommandError(
                f"{there.get_username()} exists; only the role can be added here. "
                f"For a new password: manage.py changepassword {there.get_username()}"
            )
        if there:
            self._grant(there, role)
            self.stdout.write(
                f"{there.get_username()} was there already, with the password as it was; now also: {roles}."
            )
            return
        user = User(username=name, email=email)
        try:
            user.full_clean(exclude=["password"])
            if password:
                validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        chosen = password or secrets.token_urlsafe(12)
        user.set_password(chosen)
        with transaction.atomic():
            user.save()
            self._grant(user, role)
        self.stdout.write(f"Made {name}: {roles}.")
        if not password:
            self.stdout.write(f"Password (shown this once): {chosen}")

    @staticmethod
    def _grant(user: Any, role: list[str]) -> None:
        for each in role:
            grant(user, each)
