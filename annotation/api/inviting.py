"""The owner's links over REST: one, one a person of a list, one for a crowd service; and withdrawing them."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import overview
from annotation.api.owners import OwnerView
from annotation.api.room import CONFLICT, Conflict, checked
from annotation.design.invitation_list import LONGEST, MOST
from annotation.services.invite import invite
from annotation.services.invite_people import invite_people
from annotation.services.join_from_crowd import let_return
from annotation.services.make_crowd_link import make_crowd_link
from annotation.services.revoke_invitation import revoke_invitation


class CodesSerializer(serializers.Serializer):
    """How a way through the study ends, and the code a person brings back; what is left out is drawn."""

    complete = serializers.CharField(max_length=40, required=False)
    screened_out = serializers.CharField(max_length=40, required=False)
    no_consent = serializers.CharField(max_length=40, required=False)
    failed_gate = serializers.CharField(max_length=40, required=False)


class CrowdSerializer(serializers.Serializer):
    """What makes a link one for a crowd service. The defaults are Prolific's."""

    id_parameter = serializers.CharField(max_length=40, required=False, default="PROLIFIC_PID")
    return_url = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text="With {code} in it."
    )
    codes = CodesSerializer(required=False)


class InviteSerializer(serializers.Serializer):
    label = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    max_uses = serializers.IntegerField(min_value=1, max_value=10_000, required=False, default=1)
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, default=None
    )
    crowd = CrowdSerializer(required=False, help_text="For people a crowd service sends.")


class InviteListSerializer(serializers.Serializer):
    people = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST),
        min_length=1,
        max_length=MOST,
        help_text="A link each.",
    )
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, default=None
    )


class InvitationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    token = serializers.CharField()
    label = serializers.CharField()
    uses = serializers.IntegerField()
    max_uses = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    usable = serializers.BooleanField()
    crowd = CrowdSerializer(allow_null=True)


class ReturnSerializer(serializers.Serializer):
    crowd_id = serializers.CharField(max_length=100, help_text="The service's id of the person; not stored.")


class PseudonymSerializer(serializers.Serializer):
    annotator = serializers.CharField()


class InvitationsView(OwnerView):
    @extend_schema(responses=InvitationSerializer(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        rows = overview.invitations(self.study(study_id).id)
        return Response(InvitationSerializer(rows, many=True).data)

    @extend_schema(request=InviteSerializer, responses={201: InvitationSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        study = self.study(study_id)
        sent = checked(InviteSerializer(data=request.data))
        crowd = sent.pop("crowd", None)
        if crowd is None:
            token = invite(study_id=study.id, by_id=request.user.pk, **sent)
        else:
            token = make_crowd_link(study_id=study.id, by_id=request.user.pk, **sent, **crowd)
        row = next(row for row in overview.invitations(study_id) if row.token == token)
        return Response(InvitationSerializer(row).data, status=status.HTTP_201_CREATED)


class InvitationListView(OwnerView):
    @extend_schema(request=InviteListSerializer, responses={201: InvitationSerializer(many=True), **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        """A link for one person each, in the order of the people."""
        study = self.study(study_id)
        sent = checked(InviteListSerializer(data=request.data))
        tokens = invite_people(study_id=study.id, by_id=request.user.pk, **sent)
        rows = {row.token: row for row in overview.invitations(study.id)}
        made = [rows[token] for token in tokens]
        return Response(InvitationSerializer(made, many=True).data, status=status.HTTP_201_CREATED)


class ReturnView(OwnerView):
    @extend_schema(request=ReturnSerializer, responses={200: PseudonymSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        """Let somebody whom a crowd service sent in from another browser, once; says the pseudonym."""
        study = self.study(study_id)
        sent = checked(ReturnSerializer(data=request.data))
        return Response({"annotator": let_return(study_id=study.id, crowd_id=sent["crowd_id"])})


class InvitationView(OwnerView):
    @extend_schema(responses={204: None, **CONFLICT})
    def delete(self, request: Request, study_id: int, invitation_id: int) -> Response:
        """Withdraw a link; who joined by it stays. 409 when it was withdrawn before."""
        study = self.study(study_id)
        if invitation_id not in {row.id for row in overview.invitations(study.id)}:
            raise NotFound("This study has no such invitation.")
        if not revoke_invitation(study_id=study.id, invitation_id=invitation_id):
            raise Conflict("The link was withdrawn before.")
        return Response(status=status.HTTP_204_NO_CONTENT)
