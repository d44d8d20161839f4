"""What the settings make of an environment, seen from processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

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
