"""The Celery application; every task lives in a room's tasks.py and is four lines."""

import logging
import os
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from celery.utils import uuid
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism_site.settings")
logger = logging.getLogger(__name__)


class PrismCelery(Celery):
    """Starts the embedded Redis the moment a connection is wanted, and not before.

    A message is a hint that there is work, and the sweep sends lost ones again: whoever just stored the work is
    not told that the broker is away.
    """

    def send_task(self, name: str, *args: Any, task_id: str | None = None, **options: Any) -> AsyncResult:
        task_id = task_id or uuid()
        try:
            self._ensure_broker()  # a pooled connection would only try the dead server again
            return super().send_task(name, *args, task_id=task_id, **options)
        except (OperationalError, RuntimeError) as trouble:
            logger.error("%s was not sent, the sweep will send it again: %s", name, trouble)
            return self.AsyncResult(task_id)

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
