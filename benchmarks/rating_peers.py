"""The same ratings in Potato and in Label Studio, from environments of their own, for the table of `rating_load`.

    python3.11 -m venv potato && potato/bin/pip install potato-annotation==2.12.1 gunicorn
    python3.11 -m venv label-studio && label-studio/bin/pip install label-studio==1.23.2 gunicorn
    python -m benchmarks.rating_load --annotators 8 --potato potato --label-studio label-studio

Each runs under gunicorn as its own documentation advises for more than one person: Potato in one process of eight
threads (it keeps its state in memory and allows no second one), Label Studio in two processes of four as Prism does.
Each annotator is a session that submits a rating of three criteria and gets the next item, until none is left; every
seventh also sends a mark of 99. What the tool said it had stored is then held against what it gives out.
"""

import json
import os
import random
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import requests
from lxml import html

from prism_site.processes import free_port
from tests.journeys.cards import CRITERIA

OFF_SCALE_EVERY = 7
OFF_SCALE = 99
MOST_CARDS = 10_000
"""Nobody is handed so many: a tool that never ends is stopped there."""
Stored = list[tuple[str, str, str, Any]]
"""(annotator, item, criterion, value), as often as it stands there."""


@dataclass
class PeerTally:
    """What one annotator saw."""

    next_card: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    said: dict[tuple[str, str, str], int] = field(default_factory=dict)
    off_scale_taken: int = 0
    """Marks of 99 that were answered with success."""


class Peer(Protocol):
    """A running tool, ready for annotators."""

    name: str

    def sign_in(self, who: str) -> requests.Session: ...
    def current(self, session: requests.Session) -> str | None:
        """The item this annotator is to rate; None when nothing is left."""
        ...

    def submit(self, session: requests.Session, item: str, marks: dict[str, int]) -> None:
        """Raises requests.HTTPError where the tool says no."""
        ...

    def advance(self, session: requests.Session, item: str) -> str | None:
        """What the tool's own page does after a submit; the next item."""
        ...

    def stored(self) -> Stored: ...


@dataclass
class Potato:
    url: str
    folder: Path
    name: str = "Potato"

    def sign_in(self, who: str) -> requests.Session:
        session = requests.Session()
        _ok(session.get(f"{self.url}/?PROLIFIC_PID={who}&STUDY_ID=S&SESSION_ID=X", timeout=60))
        return session

    def current(self, session: requests.Session) -> str | None:
        answer = session.get(f"{self.url}/api/current_instance", timeout=60)
        return answer.json().get("instance_id") if answer.ok else None

    def submit(self, session: requests.Session, item: str, marks: dict[str, int]) -> None:
        chosen = {f"{name}:{value}": str(value) for name, value in marks.items()}
        sent = {"instance_id": item, "annotations": chosen}
        _ok(session.post(f"{self.url}/updateinstance", json=sent, timeout=60))

    def advance(self, session: requests.Session, item: str) -> str | None:
        sent = {"action": "next_instance", "instance_id": item}
        _ok(session.post(f"{self.url}/annotate", json=sent, timeout=60))
        return self.current(session)

    def stored(self) -> Stored:
        found: Stored = []
        for path in (self.folder / "annotation_output").glob("*/user_state.json"):
            state = json.loads(path.read_text(encoding="utf-8"))
            for item, labels in state["instance_id_to_label_to_value"].items():
                found += [(state["user_id"], item, label["schema"], int(value)) for label, value in labels]
        return found


@dataclass
class LabelStudio:
    url: str
    token: str
    project: int
    name: str = "Label Studio"

    def sign_in(self, who: str) -> requests.Session:
        session = requests.Session()
        page = _ok(session.get(f"{self.url}/user/signup/", timeout=60))
        [csrf] = html.fromstring(page.content).xpath("//input[@name='csrfmiddlewaretoken']/@value")
        sent = {
            "email": f"{who}@bench.local",
            "password": "benchpass1",
            "allow_newsletters": "false",
            "how_find_us": "",
            "csrfmiddlewaretoken": csrf,
        }
        _ok(session.post(page.url, data=sent, headers={"Referer": page.url}, timeout=60))
        session.headers["Referer"] = self.url
        return session

    def current(self, session: requests.Session) -> str | None:
        answer = session.get(f"{self.url}/api/projects/{self.project}/next", timeout=60)
        return str(answer.json()["id"]) if answer.ok else None

    def submit(self, session: requests.Session, item: str, marks: dict[str, int]) -> None:
        result = [
            {"from_name": name, "to_name": "text", "type": "rating", "value": {"rating": value}}
            for name, value in marks.items()
        ]
        _ok(
            session.post(
                f"{self.url}/api/tasks/{item}/annotations/?project={self.project}",
                json={"lead_time": 3.2, "result": result},
                headers={"X-CSRFToken": session.cookies.get("csrftoken", "")},
                timeout=60,
            )
        )

    def advance(self, session: requests.Session, item: str) -> str | None:
        return self.current(session)

    def stored(self) -> Stored:
        headers = {"Authorization": f"Token {self.token}"}
        address = f"{self.url}/api/projects/{self.project}/export?exportType=JSON"
        tasks = _ok(requests.get(address, headers=headers, timeout=120)).json()
        return [
            (str(annotation["completed_by"]), str(task["id"]), one["from_name"], one["value"]["rating"])
            for task in tasks
            for annotation in task["annotations"]
            for one in annotation["result"]
        ]


@contextmanager
def potato(environment: Path, folder: Path, *, n_items: int, k: int, text: str) -> Iterator[Potato]:
    """Potato in `folder`, with so many items for k annotators each."""
    (folder / "data").mkdir(parents=True)
    items = [json.dumps({"id": f"c{n}", "text": f"{n}. {text}"}) for n in range(n_items)]
    (folder / "data/items.jsonl").write_text("\n".join(items), encoding="utf-8")
    scales = [
        {"annotation_type": "likert", "name": name, "description": name, "size": 5}
        | {"min_label": "not at all", "max_label": "very"}
        for name in CRITERIA
    ]
    settings = {
        "annotation_task_name": "bench", "task_dir": ".", "output_annotation_dir": "annotation_output",
        "output_annotation_format": "jsonl", "data_files": ["data/items.jsonl"],
        "item_properties": {"id_key": "id", "text_key": "text"},
        "login": {"type": "url_direct", "url_argument": "PROLIFIC_PID"}, "require_password": False,
        "user_config": {"allow_all_users": True, "users": []}, "assignment_strategy": "random",
        "max_annotations_per_user": n_items, "max_annotations_per_item": k, "site_dir": "default",
        "admin_api_key": secrets.token_hex(), "annotation_schemes": scales,
    }  # fmt: skip
    (folder / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    port = free_port()
    command = [
        environment / "bin/gunicorn", "-w", "1", "--threads", "8", "-b", f"127.0.0.1:{port}",
        "potato.flask_server:create_app('config.yaml')",
    ]  # fmt: skip
    with _running(command, folder, {}, f"http://127.0.0.1:{port}/"):
        yield Potato(f"http://127.0.0.1:{port}", folder)


@contextmanager
def label_studio(
    environment: Path, folder: Path, *, n_items: int, k: int, text: str
) -> Iterator[LabelStudio]:
    """Label Studio on SQLite in `folder`, with so many tasks for k annotators each."""
    folder.mkdir(parents=True)
    token, port = secrets.token_hex(20), free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"), "COLLECT_ANALYTICS": "False", "SENTRY_DSN": "",
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio", "DEBUG": "false",
    }  # fmt: skip
    first = [
        environment / "bin/label-studio", "start", "--no-browser", "-b", "--port", str(port),
        "--internal-host", "127.0.0.1", "--username", "admin@bench.local", "--password", "benchpass1",
        "--user-token", token, "--enable-legacy-api-token",
    ]  # fmt: skip
    with _running(first, folder, variables, f"{url}/health"):
        pass  # it makes its tables and the administrator, then goes
    [package] = environment.glob("lib/python*/site-packages/label_studio")
    command = [
        environment / "bin/gunicorn", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{port}", "core.wsgi:application",
    ]  # fmt: skip
    with _running(command, package, variables, f"{url}/health"):
        scales = "".join(f'<Rating name="{name}" toName="text" maxRating="5"/>' for name in CRITERIA)
        project = {
            "title": "bench",
            "label_config": f'<View><Text name="text" value="$text"/>{scales}</View>',
            "maximum_annotations": k,
            "sampling": "Uniform sampling",
        }
        headers = {"Authorization": f"Token {token}"}
        made = _ok(requests.post(f"{url}/api/projects", json=project, headers=headers, timeout=60)).json()
        tasks = [{"data": {"text": f"{n}. {text}"}} for n in range(n_items)]
        address = f"{url}/api/projects/{made['id']}/import"
        _ok(requests.post(address, json=tasks, headers=headers, timeout=120))
        yield LabelStudio(url, token, made["id"])


@dataclass(frozen=True)
class PeerOutcome:
    tallies: list[PeerTally]
    stored: Stored
    seconds: float
    n_expected: int

    @property
    def errors(self) -> Counter[str]:
        return sum((tally.errors for tally in self.tallies), Counter())

    def counts(self, k: int) -> dict[str, int]:
        """Lost, twice, over k and off the scale, counted from what the tool gives out.

        Lost are numbers of marks: a tool that knows annotators by keys of its own is counted by item and criterion.
        """
        said = Counter((item, name) for tally in self.tallies for _, item, name in tally.said)
        given = Counter((who, item, name) for who, item, name, _ in self.stored)
        raters = Counter((item, name) for _, item, name in given)
        return {
            "lost": sum(max(0, n - raters[place]) for place, n in said.items()),
            "twice": sum(n - 1 for n in given.values()),
            "over k": sum(max(0, n - k) for n in raters.values()),
            "off the scale": sum(value == OFF_SCALE for *_, value in self.stored),
        }


def rate_together(peer: Peer, *, n_annotators: int, n_items: int, k: int, pause: float = 0.0) -> PeerOutcome:
    """Let everybody rate at once until the tool has nothing left for them."""
    names = [f"annotator{number:03d}" for number in range(n_annotators)]
    sessions = [peer.sign_in(name) for name in names]
    started = time.perf_counter()
    with ThreadPoolExecutor(n_annotators) as crowd:
        work = [
            crowd.submit(_rate, peer, session, name, seed, pause)
            for seed, (session, name) in enumerate(zip(sessions, names, strict=True))
        ]
        tallies = [one.result() for one in work]
    seconds = time.perf_counter() - started
    time.sleep(2)  # what is written behind the answer
    return PeerOutcome(tallies, peer.stored(), seconds, n_items * k * len(CRITERIA))


def _rate(peer: Peer, session: requests.Session, who: str, seed: int, pause: float) -> PeerTally:
    tally, chance = PeerTally(), random.Random(seed)  # noqa: S311  marks, not secrets
    try:
        item = peer.current(session)
        for n_cards in range(1, MOST_CARDS):
            if item is None:
                return tally
            time.sleep(pause * chance.uniform(0.5, 1.5))
            marks = {name: chance.randint(1, 5) for name in CRITERIA}
            if n_cards % OFF_SCALE_EVERY == 0:
                tally.off_scale_taken += _takes(
                    lambda item=item: peer.submit(session, item, {CRITERIA[0]: 99})
                )
            began = time.perf_counter()
            peer.submit(session, item, marks)
            tally.said |= {(who, item, name): value for name, value in marks.items()}
            item = peer.advance(session, item)
            tally.next_card.append(time.perf_counter() - began)
    except (requests.RequestException, ValueError, KeyError) as trouble:
        tally.errors[f"{type(trouble).__name__}: {str(trouble)[:80]}"] += 1
    return tally


def _takes(send: Any) -> int:
    try:
        send()
    except requests.HTTPError:
        return 0
    return 1


def _ok(answer: requests.Response) -> requests.Response:
    answer.raise_for_status()
    return answer


@contextmanager
def _running(command: list[Any], folder: Path, variables: dict[str, str], ready: str) -> Iterator[None]:
    """A server's process group, once it answers; killed afterwards."""
    with (folder / "server.log" if os.access(folder, os.W_OK) else Path(os.devnull)).open("ab") as log:
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            for _ in range(600):
                try:
                    if requests.get(ready, timeout=5).status_code < 500:
                        break
                except requests.RequestException:
                    pass
                assert process.poll() is None, f"{command[0]} ended by itself"
                time.sleep(0.5)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
