from django.db import migrations, models
from django.db.models import Q


def end_all_but_the_oldest(apps, schema_editor):
    Report = apps.get_model("analysis", "Report")
    seen = set()
    waiting = Report.objects.filter(status="queued").order_by("pk")
    for key, study_id, kind in waiting.values_list("pk", "study_id", "kind"):
        if (study_id, kind) in seen:
            error = "Asked for while an equal report was waiting already."
            Report.objects.filter(pk=key).update(status="failed", error=error)
        seen.add((study_id, kind))


class Migration(migrations.Migration):
    dependencies = [("analysis", "0004_judge_answers")]

    operations = [
        migrations.RunPython(end_all_but_the_oldest, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=Q(status="queued"), fields=("study", "kind"), name="report_waits_once_a_study"
            ),
        ),
    ]
