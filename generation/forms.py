"""Forms of the owners' pages, drawn from what services/parameters.py says a stage may be asked for."""

import dataclasses
from typing import Any, get_type_hints

from django import forms
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from generation.models import Corpus, Run, Stage, Status
from generation.pipeline.logs import LOG_FORMATS
from generation.pipeline.logs.lines import ENCODINGS
from generation.pipeline.logs.table import MEANINGS
from generation.pipeline.storable import fault_in
from generation.pipeline.systems import SYSTEMS
from generation.services.map_columns import SeenTables
from generation.services.parameters import PARAMETERS, choices_of
from generation.services.queue_pipeline import DEFAULT_SYSTEMS
from generation.services.queue_run import NEEDED

SEED_HELP = _("The same seed and the same inputs make the same run.")


LONGEST_SHOWN = 1000
"""Characters of a field that is shown again."""


class ObjectField(forms.JSONField):
    """JSON that a database can keep."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            fault = fault_in(found)
        except RecursionError:
            raise forms.ValidationError(_("This is nested too deeply.")) from None
        if fault:
            raise forms.ValidationError(_("This holds %(fault)s; take it out.") % {"fault": fault})
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What is shown again beside a refusal: as it was typed, where it cannot be kept."""
        try:
            found = super().bound_data(data, initial)
            return InvalidJSONInput(data) if fault_in(found) else found
        except RecursionError:
            return InvalidJSONInput(data[:LONGEST_SHOWN])


def seed_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Seed"), min_value=0, max_value=2**32 - 1, initial=0, help_text=SEED_HELP
    )


def parameter_fields(stage: str, *, prefix: str = "") -> dict[str, forms.Field]:
    """A form field for each parameter of the stage; `advanced` ones carry that as an attribute."""
    kind = PARAMETERS[stage]
    types = get_type_hints(kind)
    return {f"{prefix}{one.name}": _field(one, types[one.name]) for one in dataclasses.fields(kind)}


def _field(one: dataclasses.Field[Any], kind: type) -> forms.Field:
    common: dict[str, Any] = {
        "label": one.metadata["label"],
        "help_text": one.metadata["help"],
        "required": False,
        "initial": one.default if one.default is not dataclasses.MISSING else None,
    }
    choices = choices_of(one)
    field: forms.Field
    if choices:
        field = forms.ChoiceField(choices=list(choices.items()), **{**common, "required": True})
    elif kind is bool:
        field = forms.BooleanField(**common)
    elif kind is int:
        field = forms.IntegerField(min_value=one.metadata.get("low", 0), **{**common, "required": True})
    elif kind is float:
        field = forms.FloatField(min_value=one.metadata.get("low", 0), **{**common, "required": True})
    elif kind is dict:
        field = ObjectField(widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}), **common)
    else:
        field = forms.CharField(**common)
    field.advanced = one.metadata.get("advanced", False)  # type: ignore[attr-defined]
    return field


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        chosen = data if isinstance(data, (list, tuple)) else [data] if data else []
        return [super(ManyFilesField, self).clean(one, initial) for one in chosen]


class CorpusForm(forms.Form):
    """A new corpus: made up, uploaded, or lying on the server."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("How owners will know this log."))
    log_format = forms.ChoiceField(label=_("Format"))
    uploads = ManyFilesField(
        label=_("Files"),
        required=False,
        help_text=_("The log's files, or one zip of them. Not for the built-in log."),
    )
    folder = forms.CharField(
        label=_("Folder on the server"), required=False, help_text=_("Instead of an upload, for large logs.")
    )
    n_users = forms.IntegerField(
        label=_("Made-up users"), initial=300, min_value=1, required=False, help_text=_("Built-in log only.")
    )
    world_seed = forms.IntegerField(
        label=_("Seed of the made-up users"), initial=0, min_value=0, required=False,
        help_text=_("Built-in log only."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["log_format"].choices = [(name, entry.label) for name, entry in LOG_FORMATS.items()]
        self.fields["log_format"].initial = "builtin"

    def as_request(self) -> dict[str, Any]:
        """Keyword arguments for create_corpus."""
        cleaned = self.cleaned_data
        builtin = cleaned["log_format"] == "builtin"
        options = {"n_users": cleaned.get("n_users"), "seed": cleaned.get("world_seed")}
        return {
            "name": cleaned["name"],
            "log_format": cleaned["log_format"],
            "uploads": cleaned["uploads"],
            "folder": cleaned["folder"],
            "options": {key: value for key, value in options.items() if value is not None} if builtin else {},
        }


class ColumnsForm(forms.Form):
    """What the columns of a corpus's tables mean."""

    def __init__(self, *args: Any, seen: SeenTables, **kwargs: Any) -> None:
        super().__init__(*args, initial=seen.columns, **kwargs)
        for name, meaning in MEANINGS.items():
            if name == "catalogue_item" and seen.items is None:
                continue
            table = seen.items if seen.items is not None and meaning.of_items else seen.interactions
            needed = meaning.needed or name == "catalogue_item"
            nothing = [("", _("choose") if needed else _("no such column"))]
            self.fields[name] = forms.ChoiceField(
                label=_(meaning.label),
                choices=[*nothing, *((column, column) for column in table.columns)],
                required=needed,
            )
        self.fields["sure"] = forms.BooleanField(
            label=_("The columns are right all the same"), required=False
        )

    def of_interactions(self) -> list[forms.BoundField]:
        return [field for field in self if field.name != "sure" and not MEANINGS[field.name].of_items]

    def of_items(self) -> list[forms.BoundField]:
        return [field for field in self if field.name != "sure" and MEANINGS[field.name].of_items]


class TablesForm(forms.Form):
    """Which file holds what, and how it is written; a change shows the columns anew."""

    interactions = forms.ChoiceField(label=_("Interactions"), required=False)
    items = forms.ChoiceField(
        label=_("Items"), required=False, help_text=_("Leave out where one file has all.")
    )
    encoding = forms.ChoiceField(label=_("Written in"), required=False)

    def __init__(self, *args: Any, seen: SeenTables, encoding: str, **kwargs: Any) -> None:
        chosen = {
            "interactions": seen.interactions.name,
            "items": seen.items.name if seen.items else "",
            "encoding": encoding,
        }
        super().__init__(*args, initial=chosen, **kwargs)
        names = [(name, name) for name in seen.names]
        self.fields["interactions"].choices = names
        self.fields["items"].choices = [("", _("in the same file")), *names]
        self.fields["encoding"].choices = [(name, name) for name in ENCODINGS]


class RunForm(forms.Form):
    """A new run of one stage: its parameters, its seed and the runs it builds on."""

    def __init__(
        self, *args: Any, corpus: Corpus, stage: str, like: Run | None = None, **kwargs: Any
    ) -> None:
        """`like` is the run whose settings the form begins with."""
        super().__init__(*args, **kwargs)
        self.corpus, self.stage = corpus, stage
        self.parameter_names = list(parameter_fields(stage))
        self.fields.update(parameter_fields(stage))
        for needed in self._needed():
            self.fields[f"after_{needed}"] = self._need_field(needed)
        self.fields["seed"] = seed_field()
        if like is not None:
            self.initial = {**like.parameters, "seed": like.seed}
            self.initial |= {f"after_{need.stage}": need.pk for need in like.needs.all()}
            if like.needed_by.exists():
                self.fields["dependents"] = forms.BooleanField(
                    label=_("Repeat what built on it"),
                    required=False,
                    help_text=_("Queues the later runs again as well, over the new one and with its seed."),
                )

    def _needed(self) -> list[str]:
        train = [Stage.TRAIN_STUDENT] if self.stage == Stage.EXPLAIN_CASES else []
        return [*NEEDED[self.stage], *train]

    def _need_field(self, needed: str) -> forms.ModelChoiceField:
        usable = Run.objects.filter(corpus=self.corpus, stage=needed)
        usable = usable.exclude(status__in=(Status.FAILED, Status.CANCELLED))
        field = forms.ModelChoiceField(
            usable.order_by("-pk"),
            label=_("Builds on: %(stage)s") % {"stage": Stage(needed).label},
            required=False,
            empty_label=_("the newest that suits"),
        )
        field.advanced = True  # type: ignore[attr-defined]
        return field

    def plain_fields(self) -> list[forms.BoundField]:
        return [field for field in self if not getattr(field.field, "advanced", False)]

    def advanced_fields(self) -> list[forms.BoundField]:
        return [field for field in self if getattr(field.field, "advanced", False)]

    def as_request(self) -> dict[str, Any]:
        """Keyword arguments for queue_run."""
        cleaned = self.cleaned_data
        named = [cleaned[f"after_{needed}"] for needed in self._needed() if cleaned.get(f"after_{needed}")]
        parameters = {name: cleaned[name] for name in self.parameter_names if cleaned[name] is not None}
        return {"parameters": parameters, "prefer": named, "seed": cleaned["seed"]}


class PipelineForm(forms.Form):
    """The whole way at once, with what people most often change."""

    n_cases = forms.IntegerField(label=_("Cases to judge"), initial=60, min_value=1, max_value=1_000_000)
    n_train = forms.IntegerField(
        label=_("Training cases"),
        initial=2000,
        min_value=1,
        help_text=_("How many the teacher writes for, at most; those that validate a training come on top."),
    )
    hallucination_rate = forms.FloatField(
        label=_("Invented titles"), initial=0.1, min_value=0, max_value=1,
        help_text=_("Offline teacher only: the share of texts that name a film never watched."),
    )  # fmt: skip
    systems = forms.MultipleChoiceField(
        label=_("Systems"), widget=forms.CheckboxSelectMultiple, initial=list(DEFAULT_SYSTEMS),
        help_text=_(
            "Each explains the same cases. Students are trained for the systems that need one. A language "
            "model of yours is queued by itself, with its folder."
        ),
    )  # fmt: skip
    max_seconds = forms.FloatField(
        label=_("Time limit a student"), initial=0, min_value=0,
        help_text=_("Seconds of processor time; 0 sets none."),
    )  # fmt: skip
    seed = seed_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A language model of one's own needs its folder, which this form does not ask for.
        self.fields["systems"].choices = [
            (name, entry.label) for name, entry in SYSTEMS.items() if name != "local-teacher"
        ]

    def as_request(self) -> dict[str, Any]:
        """Keyword arguments for queue_pipeline."""
        cleaned = self.cleaned_data
        rate = cleaned["hallucination_rate"]
        return {
            "systems": cleaned["systems"],
            "seed": cleaned["seed"],
            "parameters": {
                Stage.SELECT_CASES: {"n_cases": cleaned["n_cases"], "n_train": cleaned["n_train"]},
                Stage.DISTIL_TEACHER: {"hallucination_rate": rate},
                Stage.TRAIN_STUDENT: {"max_seconds": cleaned["max_seconds"]},
                Stage.EXPLAIN_CASES: {"hallucination_rate": rate},
            },
        }


class RunFilterForm(forms.Form):
    """What the list of runs may be narrowed to, all of it optional and part of the address."""

    corpus = forms.ModelChoiceField(Corpus.objects.order_by("name"), required=False, empty_label=_("any"))
    stage = forms.ChoiceField(choices=[("", _("any")), *Stage.choices], required=False)
    status = forms.ChoiceField(choices=[("", _("any")), *Status.choices], required=False)
    owner = forms.ModelChoiceField(
        get_user_model().objects.none(), required=False, empty_label=_("anybody"), to_field_name="username"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owners = get_user_model().objects.filter(pk__in=Run.objects.values("created_by").distinct())
        self.fields["owner"].queryset = owners.order_by("username")

    def lookups(self) -> dict[str, Any]:
        """Arguments of a filter over runs; what is not valid is left out, its error stands with the form."""
        self.is_valid()
        names = {"corpus": "corpus", "stage": "stage", "status": "status", "owner": "created_by"}
        chosen = {lookup: self.cleaned_data.get(name) for name, lookup in names.items()}
        return {lookup: value for lookup, value in chosen.items() if value}
