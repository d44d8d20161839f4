"""Builders with keyword defaults: a test names only what matters to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth.models import User

from prism_site.roles import grant

if TYPE_CHECKING:
    from generation.models import Corpus, Run

PASSWORD = "correct horse battery staple"


def user(name: str, *, role: str | None = None) -> User:
    """A person who can sign in with PASSWORD, in the given role."""
    person = User.objects.create_user(name, f"{name}@example.org")
    person.password = _hashed()
    person.save()
    if role:
        grant(person, role)
    return person


def _hashed(cache: list[str] = []) -> str:  # noqa: B006  the cache is the point: hashing well takes long
    from django.contrib.auth.hashers import make_password

    if not cache:
        cache.append(make_password(PASSWORD))
    return cache[0]


def corpus(*, name: str = "Films", **fields: object) -> Corpus:
    """A corpus that says it was imported; no file lies behind it."""
    from generation.models import Corpus

    defaults = {"log_format": "builtin", "artefact": "corpus/none", "sha256": "0" * 64}
    return Corpus.objects.get_or_create(name=name, defaults={**defaults, **fields})[0]


def read_corpus(folder: Path, *, name: str = "Read") -> Corpus:
    """A corpus of one user really read from `folder`: 199 good rows and a bad last one."""
    from generation.services.create_corpus import create_corpus
    from generation.services.import_log import import_log

    (folder / "items.jsonl").write_text('{"item": "a", "title": "Alien"}\n', encoding="utf-8")
    times = [*range(199), '"late"']
    rows = (f'{{"user": "u", "item": "a", "rating": 4, "timestamp": {at}}}\n' for at in times)
    (folder / "interactions.jsonl").write_text("".join(rows), encoding="utf-8")
    made, run = create_corpus(name=name, log_format="jsonl", folder=str(folder), anywhere=True)
    import_log(run_id=run.pk)
    made.refresh_from_db()
    return made


def run(
    *,
    stage: str = "select_cases",
    status: str = "queued",
    n_shards: int = 1,
    needs: tuple = (),
    **fields: object,
) -> Run:
    """A run with its shards in a status that fits its own."""
    from django.utils import timezone

    from generation.models import Need, Run, Shard

    if status in ("done", "failed", "cancelled"):
        fields.setdefault("finished_at", timezone.now())
    if status == "failed":
        fields.setdefault("error", "The log could not be read. Upload it again.")
    fields.setdefault("corpus", corpus())
    made = Run.objects.create(stage=stage, status=status, **fields)
    Need.objects.bulk_create([Need(run=made, on=need) for need in needs])
    shard_status = "queued" if status == "running" else status
    Shard.objects.bulk_create(
        [Shard(run=made, index=index, status=shard_status) for index in range(n_shards)]
    )
    return made


def case_run(*, n_cases: int = 3, **fields: object) -> Run:
    """A finished select_cases run with cases of one made-up user each."""
    from generation.models import Case

    made = run(stage="select_cases", status="done", **fields)
    films = [
        {
            "id": f"f{index}",
            "title": f"Film {index}",
            "year": 1990 + index,
            "genres": ["Drama"],
            "directors": [],
        }
        for index in range(6)
    ]
    Case.objects.bulk_create(
        Case(
            run=made,
            case_id=f"case{index}",
            position=index,
            user=f"u{index}",
            split="test",
            history=films[:3],
            item=films[3 + index % 3],
        )
        for index in range(n_cases)
    )
    return made


def explain_run(
    *,
    over: Run,
    system: str = "prism",
    failing: tuple[int, ...] = (),
    offline: bool = False,
    **fields: object,
) -> Run:
    """A finished explain_cases run over a case_run; the cases at the positions in `failing` have no text."""
    from generation.models import Explanation

    made = run(
        stage="explain_cases",
        status="done",
        corpus=over.corpus,
        needs=(over,),
        parameters={"system": system},
        report={"signature": f"{system}|version:1", "offline": offline},
        **fields,
    )
    Explanation.objects.bulk_create(
        Explanation(
            run=made,
            case=case,
            text="" if case.position in failing else f"{system} on {case.item['title']}.",
            status="empty" if case.position in failing else "ok",
            reason="the system wrote nothing" if case.position in failing else "",
            signature={"system": system, "version": "1", "parameters": {}},
            n_history_shown=3,
        )
        for case in over.cases.order_by("position")
    )
    return made
