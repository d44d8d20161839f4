from django import template
from django.forms import BaseForm

register = template.Library()


@register.filter
def n_messages(form: BaseForm) -> int:
    """How many things a bound form has to say; a field may have several."""
    return sum(len(messages) for messages in form.errors.values())
