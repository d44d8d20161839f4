"""A service's name at another time."""

from celery import shared_task


@shared_task(queue="cpu")
def analyse_study(report_id: int) -> None:
    from analysis.services.analyse_study import analyse_study

    analyse_study(report_id=report_id)
