"""From a log to a report that another lab can check, once, with a real worker, a real broker and a real web server."""

import csv
import hashlib
import io
import json
import re
import zipfile

import numpy as np
import pytest

from generation.pipeline.records import Item
from prism_site.rehearsal import Reader, SimulatedAnnotator
from tests.journeys.installation import PASSWORD, sign_in

pytestmark = [pytest.mark.worker, pytest.mark.redis, pytest.mark.timeout(400)]
SYSTEMS = {"scripted-teacher", "template-knn", "prism", "prism-nouser"}
N_CASES, K = 4, 3
N_MARKS = N_CASES * len(SYSTEMS) * K * 3
TINY = {
    "max_steps": 40,
    "config": {"d_model": 64, "ffn_dim": 128, "layers": 1, "heads": 2, "learning_rate": 6e-3},
}
"""A student that says next to nothing sensible, but says it in a few seconds."""
DECODING = {"max_new_tokens": 64, "no_repeat_ngram_size": 2, "no_repeat_titles": True}
"""Keeps it out of loops, so that its texts pass the screening."""


class Watched(SimulatedAnnotator):
    """Keeps every body and header the pages ever sent."""

    def watch(self):
        self.seen = []
        self.session.hooks["response"].append(
            lambda answer, **_: self.seen.append(
                (answer.request.url, answer.status_code, f"{answer.headers}\n{answer.text}")
            )
        )
        return self


def names_in(text, names):
    """The names that stand in the text as words; ours is also the name of the site, see `site_words`."""
    return [
        name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE)
    ]


def site_words(body):
    """Where the site's own name stands on a page, texts of cards and tokens aside."""
    return sorted(re.findall(r".{0,12}(?<![\w-])prism(?![\w-]).{0,6}", body, re.IGNORECASE))


def post(session, url, **fields):
    sent = {"csrfmiddlewaretoken": session.cookies["csrftoken"], **fields}
    return session.post(url, data=sent, headers={"Referer": url}, timeout=60)


def ask_for_report(installation, rosa, url, study_id):
    """As Rosa does: press the button, wait at its page; the page and the report's address."""
    assert rosa.get(f"{url}/reports/", timeout=60).status_code == 200
    answer = post(rosa, f"{url}/reports/studies/{study_id}/analyse/")
    assert answer.status_code == 200, answer.text[:1000]
    [(report_id,)] = installation.query("SELECT max(id) FROM analysis_report")
    status = "SELECT status, error FROM analysis_report WHERE id = ?"
    installation.wait_for(
        lambda: installation.query(status, report_id)[0][0] in ("done", "failed"), what="the report"
    )
    assert installation.query(status, report_id) == [("done", "")]
    return rosa.get(f"{url}/reports/{report_id}/", timeout=60), f"{url}/reports/{report_id}"


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def hashes_hold(files):
    manifest = json.loads(files["manifest.json"])
    assert set(manifest["sha256"]) == set(files) - {"manifest.json"}
    return all(hashlib.sha256(files[name]).hexdigest() == said for name, said in manifest["sha256"].items())


def rows(files, name):
    return list(csv.DictReader(io.StringIO(files[name].decode())))


def test_a_log_becomes_a_report_and_the_annotators_stay_blind(installation):
    installation.start_worker()
    run_ids = installation.step(
        "queue_pipeline", n_users=40, n_cases=18, n_train=120, student=TINY, decoding=DECODING, seed=3
    )
    server = installation.start_web()
    runs = installation.wait_for_runs(*run_ids, seconds=200)
    assert {run["status"] for run in runs.values()} == {"done"}, runs
    explained = [run for run in runs.values() if run["stage"] == "explain_cases"]
    assert len(explained) == len(SYSTEMS)
    assert installation.query("SELECT count(*) FROM generation_explanation") == [(18 * len(SYSTEMS),)]

    study = installation.step(
        "open_demo_study", explain_runs=[run["id"] for run in explained], n_cases=N_CASES, k=K, seed=3
    )
    assert set(study["systems"]) == SYSTEMS
    reader = Reader(
        [
            Item(**{**item, "genres": tuple(item["genres"]), "directors": tuple(item["directors"])})
            for item in study["catalogue"]
        ]
    )
    people = [
        Watched(name, PASSWORD, severity, 0.2, reader, np.random.default_rng([3, index]), server.url).watch()
        for index, (name, severity) in enumerate(zip(study["names"], (0.0, 0.3, -0.3), strict=True))
    ]
    for person in people:
        person.take_part(study["join_path"])

    # Rows: every card judged by exactly K simulated people, calibration beside it.
    found = installation.step("count", study_id=study["study"])
    assert (found["n_cards"], found["n_ratings"]) == (N_CASES * len(SYSTEMS), N_MARKS)
    assert (found["n_twice"], found["n_over_k"], found["n_under_k"], found["n_off_scale"]) == (0, 0, 0, 0)
    assert (found["n_simulated"], found["n_finished"]) == (K, K)
    assert found["n_hidden"] > 0
    assert installation.query("SELECT count(*) FROM annotation_calibrationanswer") == [(K * 10 * 3,)]

    # Blind: nothing they were sent names a writer, and the site's name stands alike on every card.
    secrets = [*(SYSTEMS - {"prism"}), *(label for label in study["systems"].values() if label != "Prism")]
    secrets += [*study["signatures"], "scripted", "nouser", "student", "hallucination"]
    for person in people:
        assert len(person.seen) > N_CASES * len(SYSTEMS)
        for url, status, sent in person.seen:
            assert status < 400
            assert names_in(sent, secrets) == [], url
        cards = [sent for url, status, sent in person.seen if "/card/" in url and status == 200]
        assert len(cards) == N_CASES * len(SYSTEMS) + found["n_hidden"] // K
        assert len({tuple(site_words(sent)) for sent in cards}) == 1

    # Before the seal is broken a report knows no system. The broker dies just before it is asked for.
    installation.step("people", names=["rosa"], role="researcher")
    rosa = sign_in(server.url, "rosa")
    installation.kill_redis()
    pooled, address = ask_for_report(installation, rosa, server.url, study["study"])
    files = unpacked(rosa.get(f"{address}/bundle.zip", timeout=60).content)
    assert hashes_hold(files)
    assert "data/texts.csv" not in files
    for name, content in {"the page": pooled.content, **files}.items():
        text = content.decode()
        assert names_in(text, [*(SYSTEMS - {"prism"}), *study["signatures"], "offline teacher"]) == [], name
    assert json.loads(files["report.json"])["systems"] == []
    assert {row["system"] for row in rows(files, "data/ratings.csv")} <= {
        f"explanation {number}" for number in range(1, len(SYSTEMS) + 1)
    }

    # Close, unblind, report, export.
    reason = "Rehearsal; nothing is at stake."
    installation.manage("study", "close", study["study"], "--by", "olga", "--reason", reason)
    installation.manage("study", "unblind", study["study"], "--by", "olga", "--reason", reason)
    page, address = ask_for_report(installation, rosa, server.url, study["study"])
    assert page.status_code == 200
    assert all(label in page.text for label in study["systems"].values())
    files = unpacked(rosa.get(f"{address}/bundle.zip", timeout=60).content)
    assert hashes_hold(files)
    ratings = rows(files, "data/ratings.csv")
    assert sum(row["repeat"] == "False" for row in ratings) == N_MARKS
    assert 0 < sum(row["repeat"] == "True" for row in ratings) < 3 * found["n_hidden"]
    assert {row["system"] for row in ratings} == SYSTEMS
    assert len(rows(files, "data/texts.csv")) == N_CASES * len(SYSTEMS)
    findings = json.loads(files["report.json"])
    assert {system["name"] for system in findings["systems"]} == SYSTEMS
    assert rosa.get(f"{address}/report.json", timeout=60).content == files["report.json"]

    # What nobody judged says so wherever it goes.
    assert {row["simulated"] for row in ratings} == {"True"}
    assert findings["meta"]["simulated"] is True
    assert json.loads(files["manifest.json"])["simulated"] is True
    assert "SIMULATED RATINGS" in files["README.txt"].decode()
    assert "simulated" in page.text.lower()
    assert "simulated" in pooled.text.lower()
    tables = {name: content.decode() for name, content in files.items() if name.endswith(".tex")}
    assert tables
    assert [name for name, table in tables.items() if "simulated" not in table.lower()] == []
    assert "simulated" in installation.manage("study", "status", study["study"]).lower()
