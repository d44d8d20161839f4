"""REST endpoints of this room: what the owners' pages do, for programs."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from generation.api.corpora import CorpusViewSet
from generation.api.run_parts import RunPartsViewSet
from generation.api.runs import RunViewSet
from generation.api.stages import StagesView

router = SimpleRouter()
router.register("corpora", CorpusViewSet, basename="generation-corpus")
router.register("runs", RunViewSet, basename="generation-run")
router.register("runs", RunPartsViewSet, basename="generation-run-part")

urlpatterns = [path("stages/", StagesView.as_view(), name="generation-stages"), *router.urls]
