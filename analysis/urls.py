from django.urls import path

from analysis import views

app_name = "analysis"
urlpatterns = [
    path("", views.reports, name="reports"),
    path("studies/<int:study_id>/analyse/", views.analyse, name="analyse"),
    path("table3/", views.main_table, name="main-table"),
    path("table3.<slug:form>", views.main_table_file, name="main-table-file"),
    path("<int:report_id>/", views.report, name="report"),
    path("<int:report_id>/report.json", views.report_json, name="report-json"),
    path("<int:report_id>/tables/<slug:key>.csv", views.table_csv, name="table-csv"),
    path("<int:report_id>/tables/<slug:key>.tex", views.table_latex, name="table-latex"),
    path("<int:report_id>/heds.<slug:form>", views.datasheet, name="datasheet"),
    path("<int:report_id>/bundle.zip", views.bundle, name="bundle"),
]
