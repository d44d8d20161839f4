"""The numbers of a design somebody thinks of."""

from django import forms
from django.utils.translation import gettext_lazy

from annotation.building_forms import PlanForm


class PlannerForm(forms.Form):
    """A design somebody thinks of; nothing is stored."""

    design = PlanForm.base_fields["design"]
    n_cases = forms.IntegerField(min_value=1, max_value=100_000, initial=60, label=gettext_lazy("Cases"))
    n_systems = forms.IntegerField(min_value=1, max_value=50, initial=4, label=gettext_lazy("Systems"))
    k = forms.IntegerField(min_value=1, max_value=100, initial=3, label=gettext_lazy("Annotators a card"))
    n_annotators = forms.IntegerField(
        min_value=1, max_value=1000, initial=6, label=gettext_lazy("Annotators in all")
    )
    n_calibration = forms.IntegerField(
        min_value=0, max_value=1000, initial=10, label=gettext_lazy("Calibration cards")
    )
    n_hidden = forms.IntegerField(
        min_value=0,
        max_value=1000,
        initial=0,
        label=gettext_lazy("Hidden cards a person"),
        help_text=gettext_lazy("Repeats, attention checks, gold cards."),
    )
    n_criteria = forms.IntegerField(
        min_value=1, max_value=20, initial=3, label=gettext_lazy("Questions a card")
    )
    seconds_a_card = forms.FloatField(
        min_value=1, max_value=3600, initial=45, label=gettext_lazy("Seconds a card")
    )
    dz = forms.FloatField(
        min_value=0.01,
        max_value=5,
        initial=0.3,
        label=gettext_lazy("Difference to find"),
        help_text=gettext_lazy(
            "In standard deviations of the cases' differences (dz): .2 small, .5 medium, .8 large."
        ),
    )
    significance = forms.FloatField(
        min_value=0.0001, max_value=0.5, initial=0.05, label=gettext_lazy("Level of significance")
    )
    kappa = forms.FloatField(
        min_value=0, max_value=0.99, initial=0.4, label=gettext_lazy("Kappa one expects")
    )
