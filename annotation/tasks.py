"""A service's name at another time."""

from celery import shared_task


@shared_task
def release_idle_seats() -> None:
    from annotation.services.release_idle_seats import release_idle_seats

    release_idle_seats()
