"""Eight annotators at once against real gunicorn processes: nothing lost, nothing twice, nobody over k."""

import pytest

from benchmarks.rating_load import rate_together

pytestmark = pytest.mark.timeout(300)


def test_eight_annotators_at_once_fill_two_studies_exactly(installation):
    outcome = rate_together(installation, n_annotators=8, n_cases=6, k=2, n_seats=6, n_studies=2)
    assert not outcome.errors, (installation.home / "web.log").read_text(encoding="utf-8")[-4000:]
    assert sum(tally.n_hostile for tally in outcome.tallies) > 8
    assert outcome.n_lost == 0
    for table in outcome.tables:
        assert table["n_ratings"] == table["n_expected"] == 6 * 3 * 2 * 3
        assert (table["n_twice"], table["n_over_k"], table["n_under_k"], table["n_off_scale"]) == (0, 0, 0, 0)
        # Each mark was stored once, though every submit sent it again: no revision says otherwise.
        assert table["n_revisions"] == table["n_ratings"]
        assert table["n_undone"] == 0
        assert table["n_finished"] == 6
