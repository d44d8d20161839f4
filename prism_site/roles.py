"""Who may do what: four roles, as Django groups, and the permissions each one carries.

The rooms ask Django's own question (`user.has_perm("annotation.own")`); this table answers it, so no
permission rows have to be kept in step with the code.
"""

from collections.abc import Collection

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import models

ROLES: dict[str, frozenset[str]] = {
    "annotator": frozenset({"annotation.rate"}),
    "owner": frozenset({"generation.run", "generation.explain", "annotation.own", "analysis.read"}),
    "researcher": frozenset({"analysis.read"}),
    "recommender": frozenset({"generation.explain"}),
}
ENGINE_ROOM = frozenset({"generation", "annotation", "analysis"})
"""Rooms whose rows an owner may look at, and never change, in Django's admin."""
SEALED = frozenset({"annotation.view_provenance"})
"""Not even looked at: which system wrote a card."""


class RoleBackend:
    """Answers has_perm from the groups a user is in; signs nobody in, and so keeps no user of a session."""

    def authenticate(self, request: object, **credentials: object) -> None:
        return None

    def has_perm(self, user: models.Model, permission: str, obj: object = None) -> bool:
        if not getattr(user, "is_active", False) or user.is_anonymous:  # type: ignore[attr-defined]
            return False
        names = role_names(user)
        return any(permission in ROLES.get(name, ()) for name in names) or (
            "owner" in names and _looks_at_rows(permission)
        )

    def with_perm(
        self,
        permission: str,
        is_active: bool | None = True,
        include_superusers: bool = True,
        obj: object = None,
    ) -> models.QuerySet:
        """The users of whom any backend says that they have this permission, in one query; not asked of those
        permissions that look at rows in the admin. Called by `User.objects.with_perm`."""
        return self.with_any_perm([permission], is_active, include_superusers)

    def with_any_perm(
        self, permissions: Collection[str], is_active: bool | None = True, include_superusers: bool = True
    ) -> models.QuerySet:
        """The users who have one of these permissions or more, as with_perm says it of one."""
        rows = models.Q()
        for permission in permissions:
            room, _, act = permission.partition(".")
            rows |= models.Q(content_type__app_label=room, codename=act)
        given = Permission.objects.order_by().filter(rows).values("pk")
        names = [name for name, held in ROLES.items() if not held.isdisjoint(permissions)]
        has = (
            models.Q(groups__name__in=names)
            | models.Q(groups__permissions__in=given)
            | models.Q(user_permissions__in=given)
        )
        if include_superusers:
            has |= models.Q(is_superuser=True)
        found = get_user_model().objects.filter(has).distinct()
        return found if is_active is None else found.filter(is_active=is_active)

    def has_module_perms(self, user: models.Model, app_label: str) -> bool:
        """Asked by the admin alone, for the list of rooms on its first page."""
        if not getattr(user, "is_active", False) or user.is_anonymous:  # type: ignore[attr-defined]
            return False
        return app_label in ENGINE_ROOM and "owner" in role_names(user)


def _looks_at_rows(permission: str) -> bool:
    room, _, action = permission.partition(".")
    return room in ENGINE_ROOM and action.startswith("view_") and permission not in SEALED


def role_names(user: models.Model) -> tuple[str, ...]:
    """The user's roles; asked of the database once a user object, as Django does for permissions."""
    if not hasattr(user, "_role_names"):
        user._role_names = tuple(user.groups.values_list("name", flat=True))  # type: ignore[attr-defined]
    return user._role_names  # type: ignore[attr-defined]


def grant(user: models.Model, role: str) -> None:
    """Put the user into the role's group; an owner is also let into Django's admin.

    Raises:
        KeyError: there is no such role.
    """
    if role not in ROLES:
        raise KeyError(f"no role {role!r}; there are {', '.join(ROLES)}")
    group, _ = Group.objects.get_or_create(name=role)
    user.groups.add(group)  # type: ignore[attr-defined]
    if role == "owner" and not user.is_staff:  # type: ignore[attr-defined]
        user.is_staff = True  # type: ignore[attr-defined]
        user.save(update_fields=["is_staff"])
    user.__dict__.pop("_role_names", None)
