"""A recommender asked over HTTP: a real server on this machine, well behaved and not."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from generation.pipeline.origins import origin_of
from generation.pipeline.rankers import http
from generation.pipeline.rankers.interface import NO_PICK
from tests.generation.pipeline.corpora import corpus_of

CORPUS = corpus_of([0, 1, 2], [3, 4], n_items=6)
ROWS = np.array([2, 4])


class Recommender:
    """Answers what `answer` makes of the body: a status and an object, or raw bytes."""

    def __init__(self):
        self.bodies, self.paths = [], []
        self.answer = lambda body: (200, {"answers": [{"id": 0, "items": ["f5"]}, {"id": 1, "items": []}]})
        own = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                own.bodies.append(body)
                own.paths.append(self.path)
                status, said = own.answer(body)
                raw = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *arguments):
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/picks"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def recommender():
    made = Recommender()
    yield made
    made.server.shutdown()
    made.server.server_close()


def ask(recommender, k=2, **options):
    pauses = []
    settings = {"batch_size": 8, "timeout": 5.0, "attempts": 3, **options}
    ranker = http.HttpPicks(recommender.url, sleep=pauses.append, **settings)
    ranker.fit(CORPUS, np.ones(5, dtype=bool))
    return ranker.top(CORPUS, ROWS, k).tolist(), pauses


def test_users_and_histories_are_posted_and_never_the_target(recommender):
    assert ask(recommender) == ([[5, NO_PICK], [NO_PICK, NO_PICK]], [])
    assert recommender.bodies == [
        {
            "k": 2,
            "requests": [
                {"id": 0, "user": "u0", "history": ["f0", "f1"]},
                {"id": 1, "user": "u1", "history": ["f3"]},
            ],
        }
    ]


def test_batches_are_as_large_as_was_said_and_answers_may_come_in_any_order(recommender):
    recommender.answer = lambda body: (200, {"answers": [{"id": 0, "items": ["f5", "f2"]}]})
    assert ask(recommender, k=1, batch_size=1)[0] == [[5], [5]]
    assert [[one["user"] for one in body["requests"]] for body in recommender.bodies] == [["u0"], ["u1"]]
    recommender.answer = lambda body: (
        200,
        {"answers": [{"id": 1, "items": ["f0"]}, {"id": 0, "items": ["f5"]}]},
    )
    assert ask(recommender, k=1)[0] == [[5], [0]]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"<html>", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ([], 'no list "answers"'),
        ({"answers": [7]}, r"answers\[0\] is not an object"),
        ({"answers": [{"id": 9, "items": []}]}, "id 9 was not asked for"),
        ({"answers": [{"id": True, "items": []}]}, "id True was not asked for"),
        ({"answers": [{"id": 0, "items": []}] * 2}, "id 0 was answered before"),
        ({"answers": [{"id": 0, "items": []}]}, r"user 'u1' \(id 1\) has no answer"),
        ({"answers": [{"id": 0, "items": ["f9"]}, {"id": 1, "items": []}]}, "'u0': item 'f9' is not in"),
        ({"answers": [{"id": 0, "items": [2]}, {"id": 1, "items": []}]}, "item '2' is not in"),
        ({"answers": [{"id": 0, "items": ["f1"]}, {"id": 1, "items": []}]}, "'f1' is in the history"),
        ({"answers": [{"id": 0, "items": ["f2", "f2"]}, {"id": 1, "items": []}]}, "'f2' comes twice"),
    ],
)
def test_an_answer_that_breaks_the_contract_says_where(recommender, said, words):
    recommender.answer = lambda body: (200, said)
    with pytest.raises(http.BadAnswer, match=words):
        ask(recommender)
    assert len(recommender.bodies) == 1


def test_a_recommender_that_is_unwell_is_asked_again(recommender):
    well, codes = recommender.answer, [503, 429]
    recommender.answer = lambda body: (codes.pop(), {}) if codes else well(body)
    found, pauses = ask(recommender)
    assert found[0][0] == 5
    assert pauses == [2.0, 4.0]


def test_one_that_stays_unwell_or_away_is_named(recommender):
    recommender.answer = lambda body: (500, {})
    with pytest.raises(ConnectionError, match="answered 500, 3 times in a row"):
        ask(recommender)
    recommender.server.server_close()
    recommender.url = "http://127.0.0.1:9/picks"
    with pytest.raises(ConnectionError, match=r"did not answer \(ConnectionError\)"):
        ask(recommender, attempts=1)


@pytest.mark.parametrize("code", [302, 404])
def test_a_redirect_is_not_followed_nor_an_error_tried_again(recommender, code):
    recommender.answer = lambda body: (code, {})
    with pytest.raises(http.BadAnswer, match=f"answered {code}, not 200"):
        ask(recommender)
    assert recommender.paths == ["/picks"]


def test_an_answer_without_end_is_cut_off(recommender, monkeypatch):
    monkeypatch.setattr(http, "LARGEST_ANSWER", 1000)
    recommender.answer = lambda body: (200, b" " * 100_000)
    with pytest.raises(http.BadAnswer, match="over 1,000 bytes"):
        ask(recommender)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a.example", "http://a.example:80"),
        ("HTTPS://A.Example:443/x?y=1", "https://a.example:443"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_written_in_one_way(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "a.example",
        "http://",
        "http://good.example@evil.example/",
        "http://good.example\\@evil.example/",
        "http://a.example:99999/",
        "http://a.example/ x",
        "http://a.example/#x",
    ],
)
def test_what_is_no_plain_url_has_no_origin(url):
    with pytest.raises(ValueError, match=r"URL|begin with"):
        origin_of(url)
