import pytest

from analysis.report.tables import _share


@pytest.mark.parametrize(
    ("count", "n", "said"),
    [
        (0, 300, "0%"),
        (1, 300, "<1%"),
        (3, 300, "1%"),
        (150, 300, "50%"),
        (299, 300, ">99%"),
        (300, 300, "100%"),
    ],
)
def test_a_share_says_none_only_of_none_and_all_only_of_all(count: int, n: int, said: str) -> None:
    assert _share(count, n) == said
