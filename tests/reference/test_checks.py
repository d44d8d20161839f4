"""The checks behind `python -m tests.reference`, one test each."""

from pathlib import Path

import pytest

from tests.reference.__main__ import table
from tests.reference.checks import CHECKS, Check, Compared, outcome, printed
from tests.reference.golden import GOLDEN

OURS = [check for check in CHECKS if not check.shared]
THEIRS = [check for check in CHECKS if check.shared]


def name(check: Check) -> str:
    return f"{check.set}: {check.what}"


def holds(check: Check, sets: Path) -> None:
    found = outcome(check, sets)
    assert found.unexpected == ()
    assert len(found.expected) == check.n_exceptions
    assert found.n_reproduced == found.n_published - check.n_exceptions > 0


@pytest.mark.parametrize("check", OURS, ids=name)
def test_a_published_number_comes_out_again(check: Check, tmp_path: Path) -> None:
    holds(check, tmp_path)


@pytest.mark.shared
@pytest.mark.parametrize("check", THEIRS, ids=name)
def test_a_published_number_of_a_data_set_comes_out_again(check: Check, shared_data: Path) -> None:
    holds(check, shared_data / "ratings")


@pytest.mark.shared
@pytest.mark.parametrize("check", GOLDEN, ids=name)
def test_a_number_that_was_computed_apart_comes_out_again(check: Check, shared_data: Path) -> None:
    holds(check, shared_data / "ratings")


@pytest.mark.shared
def test_the_sets_published_so_many_numbers(shared_data: Path) -> None:
    wanted = {"means and half widths": 132, "ICC(1), ICC(1,k)": 12, "AC1 of the user study": 15}
    for check in THEIRS:
        if check.what in wanted:
            assert outcome(check, shared_data / "ratings").n_published == wanted[check.what]


def test_a_number_agrees_within_half_its_last_digit_and_no_farther(tmp_path: Path) -> None:
    assert printed("x", ".43", 0.4349).same
    assert not printed("x", ".43", 0.4351).same
    wrong = Check(
        "set", "what", "source", "tight", lambda sets: iter([Compared("x", 1.0, 1.1, 0.05)]), shared=False
    )
    found = outcome(wrong, tmp_path)
    assert (found.n_published, found.n_reproduced, len(found.unexpected)) == (1, 0, 1)
    lines = table([(wrong, found)]).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "set",
        "what",
        "1",
        "0",
        "1",
        "tight",
        "source",
    ]
