import importlib

import pytest

from generation.pipeline.logs import LOG_FORMATS
from generation.pipeline.logs.splits import SPLITS
from generation.pipeline.prompts import PROMPTS
from generation.pipeline.rankers import RANKERS
from generation.pipeline.registry import Entry, UnknownName, load_from

NAMES = {"decimal": Entry("A number", "decimal:Decimal"), "fraction": Entry("A ratio", "fractions:Fraction")}


def test_a_name_builds_its_target_with_the_options():
    assert load_from(NAMES, "decimal", value="1.5") == load_from(
        NAMES, "fraction", numerator=3, denominator=2
    )


def test_only_the_module_of_the_name_asked_for_is_imported():
    names = {"good": Entry("Good", "builtins:dict"), "broken": Entry("Broken", "no_such_module:load")}
    assert load_from(names, "good") == {}


def test_an_unknown_name_gets_the_nearest_known_one():
    with pytest.raises(UnknownName, match=r"unknown name 'decimla'\. Did you mean 'decimal'\?") as caught:
        load_from(NAMES, "decimla")
    assert caught.value.known == ("decimal", "fraction")


def test_an_unknown_name_far_from_all_gets_the_list_alone():
    with pytest.raises(UnknownName) as caught:
        load_from(NAMES, "zzz")
    assert str(caught.value) == "unknown name 'zzz'. Known names: decimal, fraction."


@pytest.mark.parametrize("registry", [LOG_FORMATS, RANKERS, PROMPTS, SPLITS])
def test_every_target_of_every_list_is_there(registry):
    for entry in registry.values():
        module, _, attribute = entry.target.partition(":")
        assert callable(getattr(importlib.import_module(module), attribute))
        assert entry.label
