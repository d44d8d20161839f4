"""The design side by side: all texts of a case on one page, each with its questions, and on to the next case.

Marks are saved as they are made by the address of a single card (`views.rating.mark`): a column is a card. Everything
shown comes from a BlindedBoard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url

from annotation import card_queries, journey_queries
from annotation.design.blinding import BlindedBoard
from annotation.design.scales import OutOfScale
from annotation.journey_queries import Standing
from annotation.rating_forms import Marks, read_marks
from annotation.scale_words import scale_words
from annotation.services.refusals import ForeignPlacement, Refused, StaleWrite
from annotation.services.submit_board import ColumnMarks, submit_board
from annotation.views.journey import on_journey, place, refusal
from annotation.views.rating import Question, asked, judging_page, leave, not_yours, onward, page_url


@dataclass(frozen=True, slots=True)
class Column:
    """One text as the page shows it."""

    number: int
    """From 1, from the first column to the last; it says nothing but where the text stands."""
    token: str
    explanation: str
    version: int
    mark_url: str
    questions: tuple[Question, ...]


@on_journey("rating", judges=True)
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest, journey: Standing, token: str) -> HttpResponse:
    """Show all texts of a case, or store their marks and go on to the next case."""
    if not journey.side_by_side and request.method != "POST":
        return redirect(page_url(journey, token))
    shown = card_queries.blinded_board(token, request.user.pk)
    if shown is None:
        return not_yours(request, journey)
    if request.method != "POST":
        return board_page(request, journey, shown)
    sent = [
        read_marks(request.POST, shown.criteria, column=number) for number in range(1, len(shown.columns) + 1)
    ]
    if any(marks.errors for marks in sent):
        return board_page(request, journey, shown, sent=sent, status=422)
    try:
        submit_board(
            board_token=token,
            annotator_id=request.user.pk,
            study_id=journey.study_id,
            columns=[
                ColumnMarks(column.token, marks.values, marks.reasons, marks.version)  # type: ignore[arg-type]
                for column, marks in zip(shown.columns, sent, strict=True)
            ],
            seconds=sent[0].seconds,
            key=sent[0].key,
        )
    except OutOfScale as wrong:
        number, criterion = wrong.criterion.split("-", 1)
        at = int(number) - 1
        words = scale_words(wrong, {one.key: one.name for one in shown.criteria})
        sent[at] = sent[at].with_error(criterion, words)
        return board_page(request, journey, shown, sent=sent, status=422)
    except ForeignPlacement:
        return not_yours(request, journey)
    except StaleWrite as stale:
        return _stale(request, journey, token, str(stale))
    except Refused as refused:
        return refusal(request, _("This could not be stored"), str(refused), place(journey), status=409)
    next_token = onward(journey)
    following = card_queries.blinded_board(next_token, request.user.pk) if next_token else None
    if following is None:
        return leave(request, journey)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(page_url(journey, following.token))
    return push_url(board_page(request, journey, following), page_url(journey, following.token))


def board_page(
    request: HttpRequest,
    journey: Standing,
    board: BlindedBoard,
    *,
    sent: Sequence[Marks] = (),
    notice: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The board as a page, or as the fragment htmx swaps in."""
    columns = []
    for number, column in enumerate(board.columns, start=1):
        marks = sent[number - 1] if sent else None
        questions = asked(board.criteria, column, marks, may_pass=True, column=number)
        url = reverse("annotation:mark", args=[journey.study_id, column.token])
        columns.append(
            Column(number, column.token, column.explanation, column.version, url, tuple(questions))
        )
    heading = _("Case %(position)s of %(total)s") % {"position": board.position, "total": board.total}
    page = {
        "columns": columns,
        "questions": [question for column in columns for question in column.questions],
        "mark_url": columns[0].mark_url,
        "refusal": notice,
        "n_errors": sum(len(marks.errors) for marks in sent),
        "was_done": all(len(column.ratings) == len(board.criteria) for column in board.columns),
    }
    return judging_page(request, journey, board, heading, page, status=status)


def _stale(request: HttpRequest, journey: Standing, token: str, why: str) -> HttpResponse:
    title = _("Nothing was changed: this page was older than what is stored")
    now = card_queries.blinded_board(token, request.user.pk)
    if now is None:
        return refusal(request, title, why, place(journey_queries.standing(journey.enrolment_id)), status=409)
    return board_page(request, journey, now, notice={"title": title, "text": why}, status=409)
