"""POST /api/explain: why this item for this user, in real time. Its queue and its student are those of the process
that `manage.py serve_student` runs; the process that serves the pages has none and says so."""

import time
from concurrent.futures import TimeoutError as TooLong
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation import online
from generation.online import Online
from generation.pipeline.records import Explanation, Item
from generation.pipeline.serving.batcher import Closed, QueueFull
from generation.pipeline.serving.requests import BadRequest, read_requests

LONGEST_WAIT = 30.0
"""Seconds after which a caller is better told to come back."""
UNKNOWN_USER = "This user has no vector: the text follows from the history and the item alone."
UNNAMED_ITEM = "The text does not name the item: read it before anybody is shown it."


class MayExplain(BasePermission):
    """Owners, and accounts of recommenders, which may do nothing else."""

    message = "Only owners and recommenders' accounts may ask for explanations."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.has_perm("generation.explain"))


class ExplainedSerializer(serializers.Serializer):
    case_id = serializers.CharField()
    text = serializers.CharField(help_text="Empty where the status is not ok.")
    status = serializers.ChoiceField(choices=["ok", "empty", "filtered", "error"])
    reason = serializers.CharField(help_text="Why there is no text; empty where there is one.")
    unknown_user = serializers.BooleanField()
    names_item = serializers.BooleanField(help_text="Does the item's title stand in the text?")
    personalised = serializers.BooleanField(help_text="Did the user's own vector take part?")
    n_history_shown = serializers.IntegerField(help_text="Items the student read, the newest ones.")
    note = serializers.CharField(help_text="What a caller should know about this text; often empty.")


class ExplanationsSerializer(serializers.Serializer):
    explanations = ExplainedSerializer(many=True)
    signature = serializers.CharField(help_text="System, checkpoint, engine, decoding: what makes it again.")
    offline = serializers.BooleanField(
        help_text="The student learnt from the offline teacher: rules, no model."
    )
    milliseconds = serializers.FloatField(
        help_text="From the body read to the texts written, queue included."
    )


class OnlineSerializer(serializers.Serializer):
    run = serializers.IntegerField(help_text="The train_student run whose student is loaded.")
    corpus = serializers.CharField(help_text="The log whose users and items it knows.")
    offline = serializers.BooleanField(help_text="It learnt from the offline teacher: rules, no model.")
    system = serializers.CharField()
    signature = serializers.CharField()
    n_items = serializers.IntegerField()
    n_waiting = serializers.IntegerField()
    n_explained = serializers.IntegerField()
    n_batches = serializers.IntegerField()
    n_refused = serializers.IntegerField()


_ITEM = {
    "oneOf": [
        {"type": "string", "description": "The id of an item of the student's corpus."},
        {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "title": {"type": "string"},
                "year": {"type": "integer", "nullable": True},
                "genres": {"type": "array", "items": {"type": "string"}},
                "directors": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["title"],
        },
    ]
}
_ONE = {
    "type": "object",
    "properties": {
        "user": {"type": "string", "nullable": True, "description": "As the training log called them."},
        "history": {"type": "array", "items": _ITEM, "description": "Oldest first."},
        "item": _ITEM,
    },
    "required": ["history", "item"],
}
_BODY = {"application/json": {"oneOf": [_ONE, {"type": "array", "items": _ONE}]}}
_UNAVAILABLE = OpenApiResponse(
    description="The queue is full (Retry-After says when to come back), or no student is loaded here."
)


class ExplainView(APIView):
    """Explanations in real time, from a student in a process of its own."""

    permission_classes = [MayExplain]
    throttle_classes: list[Any] = []  # the queue is bounded; a rate a user would only starve the ranker

    @extend_schema(request=_BODY, responses={200: ExplanationsSerializer, 503: _UNAVAILABLE})
    def post(self, request: Request) -> Response:
        """Explain one (user, history, item), or a list of up to 64 of them."""
        student = online.current()
        if student is None:
            return _unavailable(
                "No student is loaded at this address. Explanations are served by a process of their own: "
                "`manage.py serve_student`."
            )
        started = time.monotonic()
        try:
            cases = read_requests(request.data, student.items)
        except BadRequest as refusal:
            raise serializers.ValidationError(refusal.faults) from None
        try:
            explained = student.batcher.submit(cases).result(timeout=LONGEST_WAIT)
        except QueueFull as full:
            return _unavailable(f"{full}.".capitalize(), full.retry_after)
        except (Closed, TooLong):
            return _unavailable("This process is ending or overloaded; try again.", 5)
        return Response(
            {
                "explanations": [
                    _told(one, case.item, student) for case, one in zip(cases, explained, strict=True)
                ],
                "signature": student.signature,
                "offline": student.offline,
                "milliseconds": round((time.monotonic() - started) * 1000, 1),
            }
        )

    @extend_schema(responses={200: OnlineSerializer, 503: _UNAVAILABLE})
    def get(self, request: Request) -> Response:
        """Which student is loaded here, and how busy it is."""
        student = online.current()
        if student is None:
            return _unavailable("No student is loaded at this address.")
        load = student.batcher.load()
        return Response(
            {
                "run": student.run_id,
                "corpus": student.corpus,
                "offline": student.offline,
                "system": student.system,
                "signature": student.signature,
                "n_items": len(student.items),
                "n_waiting": load.n_waiting,
                "n_explained": load.n_explained,
                "n_batches": load.n_batches,
                "n_refused": load.n_refused,
            }
        )


def _told(one: Explanation, item: Item, student: Online) -> dict[str, Any]:
    ok = one.status == "ok"
    named = ok and item.title.casefold() in one.text.casefold()
    notes = [UNKNOWN_USER] * (ok and one.unknown_user) + [UNNAMED_ITEM] * (ok and not named)
    return {
        "case_id": one.case_id,
        "text": one.text if ok else "",
        "status": one.status,
        "reason": one.reason,
        "unknown_user": one.unknown_user,
        "names_item": named,
        "personalised": ok and student.with_user and not one.unknown_user,
        "n_history_shown": one.n_history_shown,
        "note": " ".join(notes),
    }


def _unavailable(detail: str, retry_after: int | None = None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response({"detail": detail}, status=503, headers=headers)
