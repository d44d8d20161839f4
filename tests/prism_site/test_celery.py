"""Sending a message never undoes the work it speaks of: the sweep sends it again."""

import logging
from pathlib import Path

import pytest
from django.conf import settings as configured

from prism_site import embedded
from prism_site.celery import PrismCelery


def test_a_broker_that_is_away_is_logged_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    app = PrismCelery("away", broker="redis://127.0.0.1:1/0")
    app.conf.task_ignore_result = True
    app.conf.task_publish_retry = False
    with caplog.at_level(logging.ERROR):
        sent = app.send_task("analysis.tasks.analyse_study", args=(1,))
    assert sent.id
    assert "analysis.tasks.analyse_study was not sent" in caplog.text


@pytest.mark.redis
def test_an_embedded_broker_that_died_is_started_again_by_the_next_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configured, "EMBEDDED_REDIS", True)
    monkeypatch.setattr(configured, "PRISM_HOME", tmp_path)
    app = PrismCelery("embedded", broker=f"redis+socket://{embedded.redis_socket(tmp_path)}")
    app.conf.task_ignore_result = True
    try:
        app.send_task("generation.tasks.sweep_shards")  # the pool now holds a connection
        embedded.stop_redis(tmp_path)
        app.send_task("generation.tasks.sweep_shards")
        with app.connection_for_read() as connection:
            assert connection.default_channel.client.llen("celery") == 1
    finally:
        embedded.stop_redis(tmp_path)
