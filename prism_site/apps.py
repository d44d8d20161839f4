from django.apps import AppConfig


class PrismSiteConfig(AppConfig):
    name = "prism_site"

    def ready(self) -> None:
        from prism_site import checks  # noqa: F401  (registers the checks)
