"""The shared fragments, read as a person or a screen reader would."""

from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory


class SampleForm(forms.Form):
    title = forms.CharField(help_text="Annotators see it.")
    note = forms.CharField(required=False)
    trial = forms.BooleanField(required=False, label="A trial run")
    order = forms.ChoiceField(choices=[("r", "Random"), ("f", "Fixed")], widget=forms.RadioSelect)
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def field(name: str, form: forms.Form) -> str:
    return render_to_string("_field.html", {"field": form[name]})


def test_a_field_says_its_help_and_error_to_those_who_listen() -> None:
    html = field("title", SampleForm({}))
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_helptext">Annotators see it.' in html
    assert 'id="id_title_error"' in html
    assert html.index("This field is required.") < html.index("<input")


def test_a_field_that_may_stay_empty_says_so() -> None:
    assert "optional" in field("note", SampleForm())
    assert "optional" not in field("title", SampleForm())


def test_a_checkbox_has_its_label_behind_it() -> None:
    html = field("trial", SampleForm())
    assert html.index("<input") < html.index("A trial run")


def test_a_group_of_choices_is_a_fieldset_with_a_legend_and_no_id_twice() -> None:
    html = field("order", SampleForm({}))
    assert "<fieldset" in html
    assert "<legend>Order" in html
    assert html.count('id="id_order"') == 1


def test_a_hidden_field_shows_nothing() -> None:
    assert field("token", SampleForm()).strip() == '<input type="hidden" name="token" id="id_token">'


def test_the_summary_of_errors_links_to_the_fields() -> None:
    html = render_to_string("_errors.html", {"form": SampleForm({}), "kept": "The draft is kept."})
    assert "2 things to correct" in html
    assert '<a href="#id_title">Title</a>: This field is required.' in html
    assert '<a href="#id_order">Order</a>' in html
    assert "The draft is kept." in html


def test_the_summary_counts_messages_and_not_fields() -> None:
    form = SampleForm({"title": "x", "order": "r"})
    form.add_error("title", ["It is taken.", "It is too short."])
    assert "2 things to correct" in render_to_string("_errors.html", {"form": form})


def test_a_form_without_errors_has_no_summary() -> None:
    assert render_to_string("_errors.html", {"form": SampleForm({"title": "x", "order": "r"})}).strip() == ""


def test_what_the_user_typed_cannot_become_markup() -> None:
    html = field("title", SampleForm({"title": '"><b>x</b>'}))
    assert "<b>x" not in html


def test_progress_is_said_in_words_and_drawn_from_plain_numbers() -> None:
    html = render_to_string("_progress.html", {"done": 1200, "total": 4000, "label": "Cases"})
    assert "1,200 of 4,000" in html
    assert 'value="1200" max="4000" aria-label="Cases"' in html


def test_progress_of_nothing_is_still_a_valid_bar() -> None:
    html = render_to_string("_progress.html", {"done": None, "total": 0})
    assert 'value="0" max="1"' in html


def test_the_pager_keeps_the_other_parameters() -> None:
    request = RequestFactory().get("/", {"system": "a", "page": "3"})
    html = render_to_string("_pager.html", {"page": Paginator(range(95), 10).page(3)}, request=request)
    assert "21 to 30 of 95" in html
    assert "?system=a&amp;page=2" in html
    assert "?system=a&amp;page=4" in html


def test_one_page_needs_no_pager() -> None:
    assert render_to_string("_pager.html", {"page": Paginator(range(5), 10).page(1)}).strip() == ""


def test_an_empty_place_has_one_next_step() -> None:
    html = render_to_string("_empty.html", {"title": "No log", "url": "/x", "action": "Import a log"})
    assert html.count("<a ") == 1
    assert "Import a log" in html


def test_what_is_simulated_says_so() -> None:
    assert "simulated" in render_to_string("_simulated.html")
    html = render_to_string("_simulated.html", {"what": "offline teacher", "text": "No network wrote this."})
    assert "<strong>offline teacher</strong> No network wrote this." in html
