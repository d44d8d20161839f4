"""What the journeys ask of an installation from inside: `python -m tests.journeys.steps NAME JSON`, JSON out."""

import json
import os
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism_site.settings")


def people(names: list[str], role: str) -> dict[str, int]:
    from tests import builders

    return {name: builders.user(name, role=role).pk for name in names}


def queue_pipeline(
    *, n_users: int, n_cases: int, n_train: int, student: dict[str, Any], decoding: dict[str, Any], seed: int
) -> list[int]:
    """The whole pipeline over a small built-in corpus, queued as a page queues it."""
    from django.db import transaction

    from generation import tasks
    from generation.models import Run, Stage
    from generation.services import queue_pipeline as service
    from generation.services.create_corpus import create_corpus
    from tests import builders

    owner = builders.user("olga", role="owner")
    options = {"seed": seed, "n_users": n_users}
    with transaction.atomic():
        corpus, _ = create_corpus(name="Films", log_format="builtin", options=options, created_by=owner)
        service.queue_pipeline(
            corpus=corpus,
            parameters={
                Stage.SELECT_CASES: {"n_cases": n_cases, "n_train": n_train, "n_valid": 40},
                Stage.TRAIN_STUDENT: student,
            },
            seed=seed,
            created_by=owner,
        )
        for run in Run.objects.filter(corpus=corpus, parameters__system__startswith="prism"):
            run.parameters["options"] = {"decoding": decoding}  # the other two systems know no decoding
            run.save()
        tasks.enqueue(*Run.objects.filter(corpus=corpus))
    return list(Run.objects.filter(corpus=corpus).order_by("pk").values_list("pk", flat=True))


def runs(ids: list[int]) -> list[dict[str, Any]]:
    from generation.models import Run

    return [
        {
            "id": run.pk,
            "stage": run.stage,
            "status": run.status,
            "error": run.error,
            "counts": run.counts,
            "artefact": run.artefact,
            "sha256": run.sha256,
            "events": list(run.events.order_by("pk").values_list("text", flat=True)),
        }
        for run in Run.objects.filter(pk__in=ids).order_by("pk")
    ]


def queue_distilling(seeds: list[int], shards: int) -> list[int]:
    """One run of the teacher a seed over the newest cases, each with its messages sent."""
    from generation import tasks
    from generation.models import Corpus, Stage
    from generation.services.queue_run import queue_run

    corpus = Corpus.objects.get()
    queued = [
        queue_run(corpus=corpus, stage=Stage.DISTIL_TEACHER, parameters={"shards": shards}, seed=seed)
        for seed in seeds
    ]
    tasks.enqueue(*queued)
    return [run.pk for run in queued]


def distil_here(seed: int, shards: int) -> dict[str, Any]:
    """The same without a worker and without a disturbance."""
    from generation.models import Corpus, Stage
    from generation.services.distil_teacher import distil_teacher
    from generation.services.queue_run import queue_run

    run = queue_run(
        corpus=Corpus.objects.get(), stage=Stage.DISTIL_TEACHER, parameters={"shards": shards}, seed=seed
    )
    distil_teacher(run_id=run.pk)
    return runs([run.pk])[0]


def open_demo_study(explain_runs: list[int], n_cases: int, k: int, seed: int) -> dict[str, Any]:
    """A study as the demo builds it, with its practice texts and their gold, in small; and its simulated people."""
    from django.contrib.auth.models import User

    from annotation.services.enrol_annotator import enrol_annotator
    from generation.queries import catalogue_titles, explained_cases
    from prism_site import demo
    from tests import builders

    demo.N_JUDGED, demo.K, demo.N_SEATS = n_cases, k, k
    study = demo.open_demo_study("Why this film?", explain_runs, seed=seed)
    token = study.join_path.strip("/").rpartition("/")[2]
    names = [f"simulated-{number}" for number in range(k)]
    for name in names:
        person: User = builders.user(name, role="annotator")
        enrol_annotator(token=token, annotator_id=person.pk, simulated=True)
    found = explained_cases(explain_run_ids=explain_runs)
    return {
        "study": study.id,
        "join_path": study.join_path,
        "names": names,
        "systems": {name: info.label for name, info in found.systems.items()},
        "signatures": sorted({info.signature for info in found.systems.values()}),
        "catalogue": [asdict(item) for item in catalogue_titles(explain_run_id=explain_runs[0]).values()],
    }


def open_loud_study(n_cases: int, k: int, annotators: list[str], n_seats: int = 0, seed: int = 7) -> int:
    """A study without practice whose annotators are already at its first card; its key.

    With fewer seats than annotators, who comes late finds it full.
    """
    from django.contrib.auth.models import User

    from annotation.services.open_study import open_study
    from tests import builders
    from tests.annotation import studies

    owner = User.objects.filter(username="olga").first() or builders.user("olga", role="owner")
    built = studies.build(
        owner=owner,
        n_cases=n_cases,
        k=k,
        n_annotators=n_seats or len(annotators),
        n_calibration=0,
        gap=1,
        seed=seed,
    )
    open_study(study_id=built.study_id, by_id=owner.pk)
    for name in annotators:
        person = User.objects.filter(username=name).first() or builders.user(name, role="annotator")
        studies.enrol(study=_study(built.study_id), person=person)
    return built.study_id


def _study(study_id: int) -> Any:
    from annotation.models.study import Study

    return Study.objects.get(pk=study_id)


def marks_of(study_id: int, person: str) -> list[dict[str, Any]]:
    """Every rating of a person with its revisions, in the order of the cards."""
    from annotation.models.rating import Rating

    found = Rating.objects.filter(
        placement__enrolment__study_id=study_id, placement__enrolment__annotator__username=person
    )
    return [
        {
            "token": rating.placement.token,
            "version": rating.placement.version,
            "done": rating.placement.done_at is not None,
            "criterion": rating.criterion.key,
            "value": rating.value,
            "revisions": [
                [revision.number, revision.value, revision.key] for revision in rating.revisions.all()
            ],
            "submissions": rating.placement.submissions.count(),
        }
        for rating in found.select_related("placement", "criterion").order_by(
            "placement__position", "criterion__position"
        )
    ]


def count(study_id: int) -> dict[str, Any]:
    """What stands in the tables of a study, counted without the constraints that should have kept it right."""
    from annotation.models.card import Card, Placement
    from annotation.models.rating import Rating, RatingRevision
    from annotation.models.study import Study

    study = Study.objects.get(pk=study_id)
    ratings = list(
        Rating.objects.filter(
            placement__enrolment__study=study, placement__kind="main", placement__withdrawn_at=None
        ).values_list("placement__enrolment_id", "placement__card_id", "criterion__key", "value")
    )
    given = Counter((who, card, criterion) for who, card, criterion, _ in ratings)
    raters = Counter((card, criterion) for _, card, criterion in given)
    n_cards = Card.objects.filter(study=study, block__kind="main").count()
    return {
        "n_cards": n_cards,
        "n_expected": n_cards * study.k * study.criteria.count(),
        "n_ratings": len(ratings),
        "n_twice": sum(n - 1 for n in given.values()),
        "n_over_k": sum(n > study.k for n in raters.values()),
        "n_under_k": n_cards * study.criteria.count() - sum(n >= study.k for n in raters.values()),
        "n_off_scale": sum(value is None or not 1 <= value <= 5 for *_, value in ratings),
        "n_revisions": RatingRevision.objects.filter(rating__placement__enrolment__study=study).count(),
        "n_undone": Placement.objects.filter(enrolment__study=study, done_at=None, withdrawn_at=None).count(),
        "n_hidden": Placement.objects.filter(enrolment__study=study).exclude(kind="main").count(),
        "n_simulated": study.enrolments.filter(simulated=True).count(),
        "n_finished": study.enrolments.exclude(finished_at=None).count(),
        "stored": list(
            Rating.objects.filter(placement__enrolment__study=study).values_list(
                "placement__token", "criterion__key", "value"
            )
        ),
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
