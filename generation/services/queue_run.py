"""Create a run and its shards. The caller sends the message, once the transaction is through."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from generation.models import Corpus, Need, Run, Shard, Stage, Status, note
from generation.services.endpoints import check_endpoint, check_recommender
from generation.services.folders import model_below_models, path_below_logs
from generation.services.parameters import BadParameters, read_parameters

NEEDED: dict[str, tuple[str, ...]] = {
    Stage.IMPORT_LOG: (),
    Stage.SELECT_CASES: (Stage.IMPORT_LOG,),
    Stage.DISTIL_TEACHER: (Stage.SELECT_CASES,),
    Stage.TRAIN_STUDENT: (Stage.DISTIL_TEACHER,),
    Stage.EXPLAIN_CASES: (Stage.SELECT_CASES,),
}
"""What each stage builds on; a system that was trained also needs its train_student run."""

TRAINED = {"prism": True, "prism-nouser": False}
"""Systems that need a student, and whether that student was trained with user vectors."""

OWN_FIELDS = {"path", "checkpoint", "interactions", "catalogue", "base_url", "model", "limits", "api_key"}
"""What a stage gives a teacher or system itself; through the web, options may not put a path in its place."""


def queue_run(
    *,
    corpus: Corpus,
    stage: str,
    parameters: dict[str, Any] | None = None,
    needs: Sequence[Run] | None = None,
    prefer: Sequence[Run] = (),
    seed: int = 0,
    created_by: AbstractBaseUser | None = None,
) -> Run:
    """Queue one run; without `needs`, it builds on those of `prefer` and else on the newest that suit.

    Raises:
        BadParameters: a parameter is unknown or impossible, or there is nothing to build on; names the field.
    """
    chosen = read_parameters(stage, _with_paths(parameters or {}, through_the_web=created_by is not None))
    if seed < 0 or seed > 2**32 - 1:
        raise BadParameters("seed", f"a seed is a whole number from 0 to {2**32 - 1}, not {seed}")
    if stage == Stage.IMPORT_LOG and corpus.log_format == "table" and "columns" not in corpus.options:
        raise BadParameters("columns", "say first what the columns of this table mean")
    found = _newest(corpus, stage, chosen.as_json(), prefer) if needs is None else list(needs)
    _check_needs(corpus, stage, chosen.as_json(), found)
    with transaction.atomic():
        run = Run.objects.create(
            corpus=corpus, stage=stage, parameters=chosen.as_json(), seed=seed, created_by=created_by
        )
        Need.objects.bulk_create([Need(run=run, on=need) for need in found])
        Shard.objects.bulk_create(
            [Shard(run=run, index=index) for index in range(chosen.n_shards(_expected(found)))]
        )
        note(run.pk, "Queued." if not found else f"Queued, after {_names(found)}.")
    return run


def _with_paths(parameters: dict[str, Any], *, through_the_web: bool) -> dict[str, Any]:
    """What a signed-in person names is one of the server's logs or models; a shell may name any."""
    chosen = {**parameters, **_picks(parameters.get("picks"), through_the_web=through_the_web)}
    if isinstance(options := chosen.get("options"), dict) and "api_key" in options:
        raise BadParameters(
            "options", "a key is never kept with a run: set PRISM_ENDPOINT_KEY on the workers"
        )
    if not through_the_web:
        return chosen
    for name, check in (("endpoint", check_endpoint), ("url", check_recommender)):
        if isinstance(named := chosen.get(name), str) and named:  # else read_parameters says what it wants
            try:
                check(named)
            except ValueError as refusal:
                raise BadParameters(name, str(refusal)) from None
    if named := chosen.get("path"):
        chosen["path"] = _model("path", named)
    if isinstance(config := chosen.get("config"), dict) and (named := config.get("pretrained")):
        chosen["config"] = {**config, "pretrained": _model("config", named)}
    if isinstance(options := chosen.get("options"), dict):
        for name in sorted(OWN_FIELDS & options.keys()):
            raise BadParameters(
                "options", f"{name} is no option here: the field Model and the runs it builds on say it"
            )
    return chosen


def _picks(named: Any, *, through_the_web: bool) -> dict[str, str]:
    if not named or not isinstance(named, str):
        return {}
    try:
        path = path_below_logs(named) if through_the_web else Path(named).expanduser().resolve()
    except PermissionError as refusal:
        raise BadParameters("picks", str(refusal)) from None
    try:
        found = path.is_file()
    except OSError:  # a name longer than names can be
        found = False
    if not found:
        raise BadParameters("picks", f"there is no file {str(path)[:200]} on this server")
    return {"picks": str(path)}


def _model(field: str, named: Any) -> Any:
    if not isinstance(named, str):
        return named  # read_parameters says what type it wants
    try:
        return model_below_models(named)
    except PermissionError as refusal:
        raise BadParameters(field, str(refusal)) from None


def _expected(needs: Sequence[Run]) -> int:
    """About how many rows a run over these has: what its select_cases run was asked for."""
    for need in needs:
        if need.stage == Stage.SELECT_CASES:
            return sum(need.parameters.get(name, 0) for name in ("n_cases", "n_train", "n_valid"))
    return 0


def _wanted(stage: str, parameters: dict[str, Any]) -> list[str]:
    wanted = list(NEEDED[stage])
    if stage == Stage.EXPLAIN_CASES and parameters["system"] in TRAINED:
        wanted.append(Stage.TRAIN_STUDENT)
    return wanted


def _newest(corpus: Corpus, stage: str, parameters: dict[str, Any], prefer: Sequence[Run]) -> list[Run]:
    usable = corpus.runs.exclude(status__in=(Status.FAILED, Status.CANCELLED))
    named = {run.stage: run for run in prefer}
    found = []
    for wanted in _wanted(stage, parameters):
        if wanted in named:
            found.append(named[wanted])
            continue
        candidates = usable.filter(stage=wanted)
        if wanted == Stage.TRAIN_STUDENT:
            candidates = candidates.filter(parameters__with_user=TRAINED[parameters["system"]])
        newest = candidates.order_by("-pk").first()
        if newest is not None:
            found.append(newest)
    return found


def _check_needs(corpus: Corpus, stage: str, parameters: dict[str, Any], needs: list[Run]) -> None:
    wanted = _wanted(stage, parameters)
    got = [need.stage for need in needs]
    for one in wanted:
        if one not in got:
            raise BadParameters(
                "needs",
                f"{stage} builds on a run of {one} for the corpus {corpus.name!r}, and there is none. "
                "Queue that one first.",
            )
    if sorted(got) != sorted(wanted):
        raise BadParameters("needs", f"{stage} builds on one run each of {wanted}, not on {got}")
    for need in needs:
        if need.corpus_id != corpus.pk:
            raise BadParameters("needs", f"run {need.pk} is of another corpus than {corpus.name!r}")
        if need.status in (Status.FAILED, Status.CANCELLED):
            raise BadParameters("needs", f"run {need.pk} is {need.status}; requeue it or choose another")
        if stage == Stage.EXPLAIN_CASES and need.stage == Stage.TRAIN_STUDENT:
            with_user = TRAINED[parameters["system"]]
            if need.parameters.get("with_user", True) != with_user:
                kind = "with" if with_user else "without"
                raise BadParameters(
                    "needs", f"{parameters['system']} wants a student trained {kind} user vectors"
                )


def _names(runs: list[Run]) -> str:
    return ", ".join(f"run {run.pk} ({run.title})" for run in runs)
