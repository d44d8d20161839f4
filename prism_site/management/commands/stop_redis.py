from django.conf import settings
from django.core.management.base import BaseCommand

from prism_site.embedded import stop_redis


class Command(BaseCommand):
    help = "Stop the embedded redis-server of this installation, if one runs."

    def handle(self, *args: object, **options: object) -> None:
        stop_redis(settings.PRISM_HOME)
