"""The Celery application; every task lives in a room's tasks.py and is four lines."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism_site.settings")


class PrismCelery(Celery):
    """Starts the embedded Redis the moment a connection is wanted, and not before."""

    def connection_for_write(self, *args: Any, **kwargs: Any) -> Any:
        self._ensure_broker()
        return super().connection_for_write(*args, **kwargs)

    def connection_for_read(self, *args: Any, **kwargs: Any) -> Any:
        self._ensure_broker()
        return super().connection_for_read(*args, **kwargs)

    @staticmethod
    def _ensure_broker() -> None:
        from django.conf import settings

        if settings.EMBEDDED_REDIS:
            from prism_site.embedded import start_redis

            start_redis(settings.PRISM_HOME)


app = PrismCelery("prism")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
