"""What the process that serves a student answers to, and nothing else."""

from django.urls import path, re_path

from generation.api_explain import ExplainView
from prism_site import api, views

handler400 = "prism_site.online_errors.bad_request"
handler403 = "prism_site.online_errors.permission_denied"
handler404 = "prism_site.online_errors.page_not_found"
handler500 = "prism_site.online_errors.server_error"
urlpatterns = [
    path("api/explain", ExplainView.as_view(), name="api-explain"),
    path("healthz", views.healthz, name="healthz"),
    re_path(r"^", api.NoSuchEndpoint.as_view()),
]
