import itertools

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import FieldError

from annotation.models.card import Card
from annotation.models.provenance import Provenance
from tests.annotation import studies


def test_no_path_leads_from_a_card_to_its_writer(olga: User) -> None:
    studies.build(owner=olga)
    card = Card.objects.first()
    assert card is not None
    assert not [name for name in dir(card) if "provenance" in name.lower()]
    with pytest.raises(FieldError):
        Card.objects.filter(provenance__system="Foghorn").exists()
    assert "provenance" not in {field.name for field in Card._meta.get_fields(include_hidden=False)}


def test_keys_and_tokens_of_cards_say_nothing_about_the_writer(olga: User) -> None:
    studies.build(owner=olga, n_cases=40)
    lines = Provenance.objects.select_related("card").order_by("card__pk")
    by_key = [line.system for line in lines if line.card.block.kind == "main"]
    runs = sum(one != other for one, other in itertools.pairwise(by_key))
    assert (
        0.5 < runs / (len(by_key) - 1) < 0.85
    )  # a shuffle of three kinds changes at two thirds of the places
    tokens = [line.card.token for line in lines]
    assert len(set(tokens)) == len(tokens)
    assert tokens == sorted(tokens)
