"""Rows written before held a file's name where the folder's name in the store belongs."""

from pathlib import PurePath

from django.db import migrations


def name_folders(apps, schema_editor):
    for corpus in apps.get_model("generation", "Corpus").objects.all():
        upload = corpus.options.get("upload")
        if upload and not upload.startswith("uploads/"):
            corpus.options["upload"] = f"uploads/{PurePath(corpus.options['folder']).name}"
            corpus.save(update_fields=["options"])


class Migration(migrations.Migration):
    dependencies = [("generation", "0003_corpus_facts")]

    operations = [migrations.RunPython(name_folders, migrations.RunPython.noop)]
