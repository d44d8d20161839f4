from django.urls import path

from generation.views import cases, corpora, run_files, run_lists, runs

app_name = "generation"
urlpatterns = [
    path("", corpora.runs, name="runs"),
    path("corpora/new/", corpora.new_corpus, name="new-corpus"),
    path("corpora/<int:corpus_id>/", corpora.corpus, name="corpus"),
    path("corpora/<int:corpus_id>/columns/", corpora.columns, name="columns"),
    path("corpora/<int:corpus_id>/rejected.csv", corpora.rejected, name="rejected"),
    path("corpora/<int:corpus_id>/pipeline/", corpora.new_pipeline, name="new-pipeline"),
    path("corpora/<int:corpus_id>/runs/", runs.pipeline, name="pipeline"),
    path("corpora/<int:corpus_id>/new/<slug:stage>/", runs.new_run, name="new-run"),
    path("runs/", run_lists.run_list, name="run-list"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("runs/<int:run_id>/log/", run_lists.log, name="log"),
    path("runs/<int:run_id>/log.txt", run_files.log_file, name="log-file"),
    path("runs/<int:run_id>/shards/", run_lists.shards, name="shards"),
    path("runs/<int:run_id>/report.json", run_files.report_file, name="report-file"),
    path("runs/<int:run_id>/explanations.jsonl", run_files.explanations_file, name="explanations-file"),
    path("runs/<int:run_id>/texts/", cases.taught, name="taught"),
    path("runs/<int:run_id>/cases/", cases.cases, name="cases"),
    path("runs/<int:run_id>/cases/<str:case_id>/", cases.case, name="case"),
    path("runs/<int:run_id>/questions/", run_files.questions, name="questions"),
    path("runs/<int:run_id>/answers/", run_files.answers, name="answers"),
    path("runs/<int:run_id>/cancel/", runs.cancel, name="cancel"),
    path("runs/<int:run_id>/requeue/", runs.requeue, name="requeue"),
]
