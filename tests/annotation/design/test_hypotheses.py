import pytest

from annotation.design.hypotheses import Hypothesis, as_json, as_lines, read_hypotheses

CRITERIA = {"faithfulness": "Faithfulness", "persuasiveness": "Persuasive power"}
SYSTEMS = {"prism": "Prism (full)", "prism-teacher": "Teacher", "a > b": "Odd"}


def read(text: str) -> tuple[list[Hypothesis], list[str]]:
    return read_hypotheses(text, criteria=CRITERIA, systems=SYSTEMS)


def test_a_line_is_a_criterion_two_systems_and_a_direction() -> None:
    found, faults = read("faithfulness: prism > prism-teacher\n\nPersuasive Power: teacher != Prism (full)\n")
    assert faults == []
    assert found == [
        Hypothesis("faithfulness", "prism", "prism-teacher", "higher"),
        Hypothesis("persuasiveness", "prism-teacher", "prism", "different"),
    ]


def test_lower_is_the_other_system_higher() -> None:
    assert read("faithfulness: prism < teacher")[0] == [
        Hypothesis("faithfulness", "prism-teacher", "prism", "higher")
    ]


def test_what_the_plan_keeps_reads_back_the_same() -> None:
    found, _ = read("faithfulness: prism > teacher\npersuasiveness: prism ≠ teacher")
    assert read(as_lines(as_json(found))) == (found, [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("faithfulness prism > teacher", "line 1: write “criterion: system > other system”"),
        ("faithfulness: prism > teacher > prism", "write “criterion"),
        ("fluency: prism > teacher", "there is no criterion “fluency”, only faithfulness, persuasiveness"),
        ("faithfulness: prisma > teacher", "there is no system “prisma”.*did you mean “prism”"),
        ("faithfulness: prism > Prism (full)", "cannot differ from itself"),
        (
            "faithfulness: prism > teacher\nfaithfulness: teacher != prism",
            "line 2: this pair on this criterion stands above",
        ),
    ],
)
def test_a_line_that_is_none_is_named_with_its_remedy(line: str, words: str) -> None:
    (fault,) = read(line)[1]
    with pytest.raises(ValueError, match=words):
        raise ValueError(fault)


def test_a_plan_that_expects_everything_is_refused() -> None:
    criteria = {f"c{n}": f"C{n}" for n in range(101)}
    text = "\n".join(f"{key}: prism > teacher" for key in criteria)
    assert "101 hypotheses are too many" in read_hypotheses(text, criteria=criteria, systems=SYSTEMS)[1][0]
