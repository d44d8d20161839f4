"""REST endpoints of no room: a token, who one is, and a plain answer where there is nothing."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from prism_site.roles import ROLES, role_names


class TokenSerializer(serializers.Serializer):
    token = serializers.CharField()


class SignInThrottle(AnonRateThrottle):
    """Guessing passwords is slow, signed in or not."""

    scope = "token"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class TokenView(APIView):
    def get_permissions(self) -> list[Any]:
        return [AllowAny() if self.request.method == "POST" else IsAuthenticated()]

    def get_throttles(self) -> list[Any]:
        return [SignInThrottle()] if self.request.method == "POST" else super().get_throttles()

    @extend_schema(auth=[{}], request=AuthTokenSerializer, responses={200: TokenSerializer})
    def post(self, request: Request) -> Response:
        """A token for a user name and password; the same one until it is withdrawn."""
        asked = AuthTokenSerializer(data=request.data, context={"request": request})
        asked.is_valid(raise_exception=True)
        token, _ = Token.objects.get_or_create(user=asked.validated_data["user"])
        return Response({"token": token.key})

    @extend_schema(request=None, responses={204: OpenApiResponse(description="There is no token any more.")})
    def delete(self, request: Request) -> Response:
        """Withdraw the caller's token."""
        Token.objects.filter(user=request.user).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeSerializer(serializers.Serializer):
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text=", ".join(ROLES))
    may = serializers.ListField(child=serializers.CharField(), help_text="What these roles carry.")


class MeView(APIView):
    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who the caller is, and what they may do."""
        roles = [name for name in role_names(request.user) if name in ROLES]
        may = sorted(set().union(*(ROLES[name] for name in roles)))
        return Response({"username": request.user.get_username(), "roles": roles, "may": may})


class NoSuchEndpoint(APIView):
    """Answers what no room does, in JSON like the rest."""

    permission_classes = [AllowAny]
    authentication_classes = []
    schema = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.http_method_names = [(request.method or "get").lower()]
        setattr(self, self.http_method_names[0], self.refuse)
        return super().dispatch(request, *args, **kwargs)

    def refuse(self, request: Request, **parts: Any) -> Response:
        raise exceptions.NotFound(
            "There is no such endpoint. Every address here ends in a slash; see /api/docs/."
        )
