import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism_site.settings")

application = get_wsgi_application()
# All views are imported now, once before gunicorn forks its workers, and not in each of them at somebody's first click.
get_resolver().url_patterns  # noqa: B018
