"""Forms of the owner's page of links."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotation.design.invitation_list import read_people
from annotation.services.make_crowd_link import ENDS


class InvitationForm(forms.Form):
    label = forms.CharField(
        required=False,
        max_length=120,
        label=gettext_lazy("For whom"),
        help_text=gettext_lazy("Only owners read this."),
    )
    max_uses = forms.IntegerField(
        min_value=1, max_value=10_000, initial=1, label=gettext_lazy("For how many people")
    )
    expires_in_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=3650,
        label=gettext_lazy("Open for days"),
        help_text=gettext_lazy("Until the study closes when empty."),
    )


class InvitationListForm(forms.Form):
    """A link for each person of a file."""

    prefix = "list"

    file = forms.FileField(
        label=gettext_lazy("File, CSV"),
        help_text=gettext_lazy("A person a line, in a column called name, label or email. Nothing is sent."),
    )
    expires_in_days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label=gettext_lazy("Open for days")
    )

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        try:
            self.content = sent.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError(
                gettext_lazy("This is no UTF-8 text: save it as CSV UTF-8.")
            ) from None
        return sent

    def people(self) -> list[str]:
        """Raises BadList, as `read_people`."""
        return read_people(self.content)


class CrowdLinkForm(InvitationForm):
    """A link for people a crowd service sends; its defaults are Prolific's."""

    prefix = "crowd"

    id_parameter = forms.CharField(
        max_length=40,
        initial="PROLIFIC_PID",
        label=gettext_lazy("Parameter with the person's id"),
        help_text=gettext_lazy("As the service writes it into the address. The id itself is never stored."),
    )
    return_url = forms.CharField(
        required=False,
        max_length=300,
        initial="https://app.prolific.com/submissions/complete?cc={code}",
        label=gettext_lazy("Where people go back to"),
        help_text=gettext_lazy("With {code} where the code belongs. Empty: they copy the code by hand."),
    )
    complete = forms.CharField(required=False, max_length=40, label=gettext_lazy("Code: finished"))
    screened_out = forms.CharField(
        required=False, max_length=40, label=gettext_lazy("Code: no place left, or closed")
    )
    no_consent = forms.CharField(required=False, max_length=40, label=gettext_lazy("Code: no consent"))
    failed_gate = forms.CharField(
        required=False,
        max_length=40,
        label=gettext_lazy("Code: practice not passed"),
        help_text=gettext_lazy("Codes that are left empty are drawn."),
    )

    def as_request(self) -> dict[str, Any]:
        """Keyword arguments for make_crowd_link."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in ENDS}
        return {**given, "codes": {end: self.cleaned_data[end] for end in ENDS}}


class LetReturnForm(forms.Form):
    """Somebody who began in a browser they cannot use any more."""

    prefix = "return"

    crowd_id = forms.CharField(
        max_length=100,
        label=gettext_lazy("The service's id of the person"),
        help_text=gettext_lazy("As they give it to you. It is looked for, and not stored."),
    )
