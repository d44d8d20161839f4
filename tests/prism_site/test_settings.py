"""What the settings make of an environment, seen from processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ASK = """
import django; django.setup()
from prism_site.api import SignInThrottle
from rest_framework.test import APIRequestFactory
asked = APIRequestFactory().post("/api/token/", REMOTE_ADDR="192.0.2.7")
print(sum(SignInThrottle().allow_request(asked, None) for _ in range(6)))
"""


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    names = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={**clean, "DJANGO_SETTINGS_MODULE": "prism_site.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_processes_of_a_machine_throttle_together_without_redis(tmp_path: Path) -> None:
    """Two web workers that each counted for themselves would let twice the rate through."""
    home = {"PRISM_HOME": str(tmp_path), "API_RATE_TOKEN": "10/min"}
    answers = [python(ASK, **home) for _ in range(2)]
    assert [int(one.stdout) for one in answers] == [6, 4], answers[0].stderr
    kept = [tmp_path / "cache", *(tmp_path / "cache").iterdir()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept), "others of the machine read no counters"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("DATABASE_URL", "garbage", "postgresql://user:password@host/name"),
        ("DATABASE_URL", "postgresql://u:hunter2@h:abc/n", "postgresql://user:password@host/name"),
        ("DATABASE_URL", "postgresql://u:hunter2@h", "postgresql://user:password@host/name"),
        ("REDIS_URL", "garbage", "redis://host:6379/0"),
        ("REDIS_URL", "http://u:hunter2@h/0", "redis://host:6379/0"),
        ("REDIS_URL", "redis://:hunter2@h:port/0", "redis://host:6379/0"),
        ("TIME_ZONE", "garbage", "not 'garbage'"),
        ("TIME_ZONE", "../../etc/passwd", "Europe/Amsterdam"),
        ("LOG_LEVEL", "garbage", "DEBUG, INFO, WARNING, ERROR, CRITICAL, not 'garbage'"),
        ("API_RATE", "fast", "1200/min, not 'fast'"),
        ("API_RATE_TOKEN", "0/min", "10/min, not '0/min'"),
        ("API_RATE_ANONYMOUS", "5/fortnight", "60/min, not '5/fortnight'"),
        ("SHARD_LEASE_SECONDS", "-5", "from 1 up, not '-5'"),
        ("SWEEP_SECONDS", "0", "from 1 up, not '0'"),
        ("TRUSTED_PROXIES", "-1", "from 0 up, not '-1'"),
    ],
)
def test_a_bad_value_stops_the_boot_with_its_name_and_what_it_should_be(
    tmp_path: Path, name: str, value: str, wanted: str
) -> None:
    booted = python("import prism_site.settings", PRISM_HOME=str(tmp_path), **{name: value})
    assert booted.returncode != 0
    said = booted.stderr.splitlines()[-1]
    assert said.startswith(f"django.core.exceptions.ImproperlyConfigured: {name} must be ")
    assert wanted in said
    assert "hunter2" not in booted.stderr


def test_commands_say_it_in_one_line(tmp_path: Path) -> None:
    command = "import sys, runpy; sys.argv = ['manage.py', 'check']; runpy.run_path('manage.py', run_name='__main__')"
    checked = python(command, PRISM_HOME=str(tmp_path), API_RATE="fast")
    assert checked.returncode == 1
    [said] = checked.stderr.splitlines()
    assert said.startswith("Prism is not set up well. API_RATE must be")


def test_good_values_boot(tmp_path: Path) -> None:
    booted = python(
        "from django.conf import settings; print(settings.LOGGING['root']['level'], settings.TIME_ZONE,"
        " settings.DATABASES['default']['NAME'], settings.CELERY_BROKER_URL)",
        PRISM_HOME=str(tmp_path),
        LOG_LEVEL="warning",
        TIME_ZONE="Asia/Shanghai",
        DATABASE_URL="postgresql://u:p%40@h:5432/n",
        REDIS_URL="rediss://:secret@h:6380/1",
        API_RATE="5/second",
    )
    assert booted.stdout.split() == ["WARNING", "Asia/Shanghai", "n", "rediss://:secret@h:6380/1"]
