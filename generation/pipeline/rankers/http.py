"""Another recommender asked over HTTP; docs/connect-a-recommender.md is the contract it has to keep."""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import requests

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.origins import origin_of
from generation.pipeline.rankers.interface import NO_PICK, NotFitted, seen_before

LARGEST_ANSWER = 16 * 1024 * 1024
PASSING_CODES = {408, 425, 429, 500, 502, 503, 504}


class BadAnswer(ValueError):
    """The recommender broke the contract: what is wrong, in which request, and what to do."""


class HttpPicks:
    """Posts users and their histories in batches. It is never sent a target, so it cannot be told one."""

    def __init__(
        self,
        url: str,
        *,
        batch_size: int,
        timeout: float,
        attempts: int,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        origin_of(url)
        if batch_size < 1 or attempts < 1 or timeout <= 0:
            raise ValueError(
                "batch_size and attempts are 1 or more and timeout is above 0, "
                f"not {batch_size}, {attempts} and {timeout}"
            )
        self.url, self.batch_size, self.timeout, self.attempts = url, batch_size, timeout, attempts
        self._sleep = sleep
        self.signature: dict[str, Any] = {"ranker": "http", "url": url}
        self._codes: dict[str, int] | None = None

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        """It has learned elsewhere; only the ids of the catalogue are noted."""
        self._codes = {item.id: code for code, item in enumerate(corpus.items)}

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        picks: np.ndarray = self.top(corpus, rows, 1)[:, 0]
        return picks

    def top(self, corpus: CorpusData, rows: np.ndarray, k: int) -> np.ndarray:
        """Ask for every row.

        Raises:
            BadAnswer: the answer breaks the contract.
            ConnectionError: the recommender is not there, or not well, after all attempts.
        """
        if self._codes is None:
            raise NotFitted("http")
        best = np.full((len(rows), k), NO_PICK, dtype=np.int64)
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc of whoever runs the worker
            for first in range(0, len(rows), self.batch_size):
                batch = rows[first : first + self.batch_size].tolist()
                seen = [seen_before(corpus, row).tolist() for row in batch]
                asked = [
                    {
                        "id": index,
                        "user": corpus.users[corpus.user[row]],
                        "history": [corpus.items[code].id for code in codes],
                    }
                    for index, (row, codes) in enumerate(zip(batch, seen, strict=True))
                ]
                answers = _read_answers(self._ask(session, {"k": k, "requests": asked}), asked)
                for index, items in enumerate(answers):
                    picked = _codes(items, asked[index], self._codes, set(seen[index]))[:k]
                    best[first + index, : len(picked)] = picked
        return best

    def _ask(self, session: requests.Session, body: dict[str, Any]) -> bytes:
        trouble = ""
        for attempt in range(self.attempts):
            if attempt:
                self._sleep(min(2.0**attempt, 30.0))
            try:
                with session.post(
                    self.url, json=body, timeout=self.timeout, allow_redirects=False, stream=True
                ) as response:
                    if response.status_code == 200:
                        return _bounded(response, time.monotonic() + self.timeout)
                    trouble = f"answered {response.status_code}"
                    if response.status_code not in PASSING_CODES:
                        raise BadAnswer(
                            f"the recommender at {self.url} {trouble}, not 200. Redirects are not followed: "
                            "name the address that answers."
                        )
            except requests.RequestException as problem:
                trouble = f"did not answer ({type(problem).__name__})"
        raise ConnectionError(
            f"the recommender at {self.url} {trouble}, {self.attempts} times in a row. "
            "See that it runs, then queue the run again."
        )


def _bounded(response: requests.Response, until: float) -> bytes:
    """The body, unless it is too large or trickles in for too long: `requests` limits each read, not all."""
    parts, size = [], 0
    for part in response.iter_content(65_536):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise BadAnswer(
                f"the recommender's answer is over {LARGEST_ANSWER:,} bytes. Send no more than k ids."
            )
        if time.monotonic() > until:
            raise requests.Timeout("the answer took too long")
        parts.append(part)
    return b"".join(parts)


def _read_answers(body: bytes, asked: list[dict[str, Any]]) -> list[list[Any]]:
    """The lists of items, in the order of the requests."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswer("the recommender's answer is not JSON. See docs/connect-a-recommender.md.") from None
    answers = raw.get("answers") if isinstance(raw, dict) else None
    if not isinstance(answers, list):
        raise BadAnswer('the recommender\'s answer has no list "answers". See docs/connect-a-recommender.md.')
    found: dict[int, list[Any]] = {}
    for place, answer in enumerate(answers):
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise BadAnswer(
                f'answers[{place}] is not an object with "id" and a list "items". Send {{"id": 0, "items": []}} '
                "for a user with nothing to recommend."
            )
        number = answer.get("id")
        if type(number) is not int or not 0 <= number < len(asked):
            raise BadAnswer(f"answers[{place}].id {number!r} was not asked for. Send the request's own id.")
        if number in found:
            raise BadAnswer(f"answers[{place}].id {number} was answered before. Answer each request once.")
        found[number] = answer["items"]
    for number, request in enumerate(asked):
        if number not in found:
            raise BadAnswer(
                f"user {request['user']!r} (id {number}) has no answer. Send an empty list where there is "
                "nothing to recommend."
            )
    return [found[number] for number in range(len(asked))]


def _codes(items: list[Any], request: dict[str, Any], codes: dict[str, int], seen: set[int]) -> list[int]:
    user, picked = request["user"], []
    for item in items:
        if not isinstance(item, str) or item not in codes:
            raise BadAnswer(
                f"user {user!r}: item {str(item)[:80]!r} is not in the corpus. Use the ids of the imported log, "
                "as text."
            )
        if codes[item] in seen:
            raise BadAnswer(
                f"user {user!r}: item {item!r} is in the history that was sent. Leave out what the user has met."
            )
        if codes[item] in picked:
            raise BadAnswer(f"user {user!r}: item {item!r} comes twice. Name each once, the best first.")
        picked.append(codes[item])
    return picked


def load(*, url: str, batch_size: int = 256, timeout: float = 30.0, attempts: int = 4) -> HttpPicks:
    """Ask the recommender at `url`.

    Args:
        timeout: seconds for a connection, and for an answer.
        attempts: how often a batch is asked in all, with growing pauses between.
    """
    return HttpPicks(url, batch_size=batch_size, timeout=timeout, attempts=attempts)
