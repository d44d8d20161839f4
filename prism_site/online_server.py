"""Gunicorn around a student: each of its processes loads one and answers for it."""

from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from gunicorn.app.base import BaseApplication

URLS = "prism_site.urls_online"


def serve(*, bind: str, processes: int, threads: int, run_id: int, engine: str, **limits: Any) -> None:
    """Answer until a signal says stop; what waits then is explained first."""
    options = {
        "bind": bind,
        "workers": processes,
        "threads": threads,
        "worker_class": "gthread",
        "timeout": 120,
        "graceful_timeout": 30,
        "keepalive": 75,
        "control_socket_disable": True,
        "worker_exit": _drain,
    }
    _Server(options, run_id=run_id, engine=engine, limits=limits).run()


class _Server(BaseApplication):
    def __init__(self, options: dict[str, Any], *, run_id: int, engine: str, limits: dict[str, Any]) -> None:
        self.given, self.run_id, self.engine, self.limits = options, run_id, engine, limits
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.given.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> WSGIHandler:
        """Called in each process after the fork: no network and no connection is shared between them."""
        import torch

        from generation import online

        torch.set_num_threads(1)
        settings.ROOT_URLCONF = URLS
        online.start(self.run_id, engine=self.engine, **self.limits)
        return WSGIHandler()


def _drain(server: Any, worker: Any) -> None:
    from generation import online

    if (student := online.current()) is not None:
        student.batcher.close()
