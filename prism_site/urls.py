from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from generation.api_explain import ExplainView
from prism_site import api, views

# The admin's own form counts no failed attempts; people sign in by the one that does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("privacy/", views.privacy, name="privacy"),
    # An account has one address, set at sign-up; allauth's page for several leads nowhere here.
    path("accounts/email/", RedirectView.as_view(pattern_name="home")),
    path("accounts/", include("allauth.urls")),
    path("generation/", include("generation.urls")),
    path("", include("annotation.urls")),
    path("reports/", include("analysis.urls")),
    path("api/generation/", include("generation.api")),
    path("api/annotation/", include("annotation.api")),
    path("api/analysis/", include("analysis.api")),
    path("api/explain", ExplainView.as_view(), name="api-explain"),
    path("api/token/", api.TokenView.as_view(), name="api-token"),
    path("api/me/", api.MeView.as_view(), name="api-me"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "api/docs/",
        login_required(SpectacularSwaggerSplitView.as_view(url_name="api-schema")),
        name="api-docs",
    ),
    re_path(r"^api/", api.NoSuchEndpoint.as_view()),
    path("admin/", admin.site.urls),
]
