"""Boards over REST, for studies that show the texts of a case side by side. Everything shown is blind."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import card_queries, journey_queries
from annotation.api.rating import AnnotatorView
from annotation.api.room import (
    CONFLICT,
    BlindedItemSerializer,
    CriterionSerializer,
    MarkField,
    checked,
)
from annotation.design.blinding import BlindedBoard
from annotation.services.claim_placement import claim_placement
from annotation.services.refusals import OutOfTurn
from annotation.services.submit_board import ColumnMarks, submit_board


class ColumnSerializer(serializers.Serializer):
    token = serializers.CharField()
    explanation = serializers.CharField()
    ratings = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    reasons = serializers.DictField(child=serializers.CharField())
    version = serializers.IntegerField()


class BoardSerializer(serializers.Serializer):
    """A BlindedBoard and nothing else."""

    token = serializers.CharField(help_text="That of the first column; any column's leads to the board.")
    study_title = serializers.CharField()
    language = serializers.CharField()
    case_history = BlindedItemSerializer(many=True)
    item = BlindedItemSerializer()
    columns = ColumnSerializer(many=True, help_text="In the order drawn for this annotator and case.")
    position = serializers.IntegerField(help_text="From 1, counted in boards.")
    total = serializers.IntegerField()
    criteria = CriterionSerializer(many=True)


class ColumnMarksSerializer(serializers.Serializer):
    token = serializers.CharField(max_length=43)
    marks = serializers.DictField(
        child=MarkField(allow_null=True), help_text="Criterion key to 1 … 5, or null for “cannot judge”."
    )
    reasons = serializers.DictField(child=serializers.CharField(), required=False, default=dict)
    version = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="As it was fetched; refuses a stale write."
    )


class SubmitBoardSerializer(serializers.Serializer):
    columns = ColumnMarksSerializer(
        many=True, help_text="Some columns or all; stored together or not at all."
    )
    seconds = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0, max_value=86_400
    )
    key = serializers.CharField(
        max_length=80, help_text="New for each submit; the same when it is sent again."
    )
    finish = serializers.BooleanField(
        required=False, default=True, help_text="False saves without ending the board."
    )


class BoardResultSerializer(serializers.Serializer):
    versions = serializers.DictField(child=serializers.IntegerField(), help_text="By token.")
    missing = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="By token: criteria without a mark; complete columns are left out.",
    )
    study_done = serializers.BooleanField()
    replayed = serializers.BooleanField()


class BoardsView(AnnotatorView):
    def own_board(self, study_id: int, token: str) -> BlindedBoard:
        self.enrolment(study_id)
        board = card_queries.blinded_board(token, self.request.user.pk)
        if board is None:
            raise PermissionDenied("This board is not yours, or does not exist. Nothing was stored.")
        return board


class NextBoardView(BoardsView):
    """Claim and fetch the next board; 204 when nothing is left for this annotator."""

    @extend_schema(request=None, responses={200: BoardSerializer, 204: None, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        if not journey_queries.standing(enrolment_id).side_by_side:
            raise OutOfTurn("This study shows cards one by one: ask for the next card.")
        token = claim_placement(enrolment_id=enrolment_id)
        if token is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(BoardSerializer(self.own_board(study_id, token)).data)


class BoardView(BoardsView):
    """One of the caller's own boards: read it, or store marks of it."""

    @extend_schema(responses={200: BoardSerializer})
    def get(self, request: Request, study_id: int, token: str) -> Response:
        return Response(BoardSerializer(self.own_board(study_id, token)).data)

    @extend_schema(request=SubmitBoardSerializer, responses={200: BoardResultSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int, token: str) -> Response:
        self.enrolment(study_id)
        sent = checked(SubmitBoardSerializer(data=request.data))
        columns = [ColumnMarks(**column) for column in sent.pop("columns")]
        result = submit_board(
            board_token=token, annotator_id=request.user.pk, study_id=study_id, columns=columns, **sent
        )
        return Response(BoardResultSerializer(result).data)


class PreviousBoardView(BoardsView):
    @extend_schema(responses={200: BoardSerializer, 204: None})
    def get(self, request: Request, study_id: int, token: str) -> Response:
        """The board before one of the caller's own, to look at it again; 204 when it is the first."""
        board = self.own_board(study_id, token)
        earlier = card_queries.previous_token(board.token, request.user.pk)
        if earlier is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(BoardSerializer(self.own_board(study_id, earlier)).data)
