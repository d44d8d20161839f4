"""A service's name at another time."""

from celery import shared_task


@shared_task
def analyse_study(report_id: int) -> None:
    from analysis.services.analyse_study import analyse_study

    analyse_study(report_id=report_id)


@shared_task
def sweep_reports() -> None:
    from analysis.services.forget_erased import forget_erased
    from analysis.services.sweep_reports import sweep_reports

    forget_erased()
    for report_id in sweep_reports():
        analyse_study.delay(report_id)
