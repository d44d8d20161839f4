import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_a_design_is_worked_out_on_the_page(client, olga):
    client.force_login(olga)
    page = text_of(client.get("/studies/planner/"))
    assert "2,160" in page
    assert "240 cards by 3 annotators and 3 questions" in page
    page = text_of(client.get("/studies/planner/?n_cases=90&dz=0.3"))
    assert "chance to find a difference of dz 0.3 with 90 cases" in page


@pytest.mark.parametrize(
    "query",
    ["design=latin", "design=side_by_side&n_systems=1", "k=9", "n_cases=0", "dz=much", "design=round"],
)
def test_an_impossible_design_is_said_and_nothing_is_worked_out(client, olga, query):
    client.force_login(olga)
    answer = client.get(f"/studies/planner/?{query}")
    assert answer.status_code == 422
    assert "to correct" in text_of(answer)
    assert "What it costs" not in text_of(answer)


def test_the_same_over_rest(olga, ada):
    api = APIClient()
    api.force_authenticate(olga)
    cost = api.get("/api/annotation/planner/", {"n_cases": 90, "k": 1}).json()
    assert (cost["n_cards"], cost["kappa_low"]) == (360, None)
    more = api.get("/api/annotation/planner/", {"n_cases": 90, "k": 1, "n_hidden": 4}).json()
    assert (more["n_ratings"], more["cards_most"]) == (cost["n_ratings"], cost["cards_most"] + 4)
    assert more["minutes_most"] - cost["minutes_most"] == pytest.approx(4 * 45 / 60)
    assert api.get("/api/annotation/planner/", {"design": "latin"}).status_code == 422
    api.force_authenticate(ada)
    assert api.get("/api/annotation/planner/").status_code == 403
