from django.urls import path

from generation import views

app_name = "generation"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("corpora/new/", views.new_corpus, name="new-corpus"),
    path("corpora/<int:corpus_id>/", views.corpus, name="corpus"),
    path("corpora/<int:corpus_id>/pipeline/", views.new_pipeline, name="new-pipeline"),
    path("corpora/<int:corpus_id>/new/<slug:stage>/", views.new_run, name="new-run"),
    path("runs/<int:run_id>/", views.run, name="run"),
    path("runs/<int:run_id>/questions/", views.questions, name="questions"),
    path("runs/<int:run_id>/answers/", views.answers, name="answers"),
    path("runs/<int:run_id>/cancel/", views.cancel, name="cancel"),
    path("runs/<int:run_id>/requeue/", views.requeue, name="requeue"),
]
