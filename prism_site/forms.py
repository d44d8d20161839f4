"""allauth's forms in the words of these pages: what may be typed stands beside a field, not inside it."""

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from django.forms import Form
from django.utils.translation import gettext_lazy as _

LABELS = {
    "login": _("User name or e-mail"),
    "username": _("User name"),
    "email": _("E-mail"),
    "oldpassword": _("Current password"),
}
NEW = {"password1": _("New password"), "password2": _("New password, again")}


class _Worded(Form):
    """Labels as everywhere else, and no placeholders, which vanish once one types."""

    new_password = True
    """Whether the password asked for replaces another."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {**LABELS, **NEW} if self.new_password else LABELS
        for name, field in self.fields.items():
            field.label = labels.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_Worded, LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)


class SignUpForm(_Worded, SignupForm):
    new_password = False


class ForgottenForm(_Worded, ResetPasswordForm):
    pass


class NewPasswordForm(_Worded, ResetPasswordKeyForm):
    pass


class FirstPasswordForm(_Worded, SetPasswordForm):
    pass


class OtherPasswordForm(_Worded, ChangePasswordForm):
    pass
