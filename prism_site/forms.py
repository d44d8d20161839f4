from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):
    """Says beside the field what may be typed, instead of inside it where it vanishes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignUpForm(SignupForm):
    """Names the address as sign-in does; that it is optional stands beside the label, as with every field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
