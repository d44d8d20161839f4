import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from prism_site.roles import ROLES, grant
from tests import builders

PERMISSIONS = ("annotation.rate", "generation.run", "generation.explain", "annotation.own", "analysis.read")
MAY = {
    "annotator": {"annotation.rate"},
    "owner": {"generation.run", "generation.explain", "annotation.own", "analysis.read"},
    "researcher": {"analysis.read"},
    "recommender": {"generation.explain"},
    None: set(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("role", MAY)
@pytest.mark.parametrize("permission", PERMISSIONS)
def test_each_role_may_do_its_own_work_and_no_other(role: str | None, permission: str) -> None:
    person = builders.user("someone", role=role)
    assert person.has_perm(permission) is (permission in MAY[role])


def test_the_table_has_no_role_this_test_does_not_know() -> None:
    assert set(ROLES) == {role for role in MAY if role}
    assert frozenset[str]().union(*ROLES.values()) >= set(PERMISSIONS)


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(ROLES))
def test_an_inactive_person_may_do_nothing(role: str) -> None:
    person = builders.user("gone", role=role)
    person.is_active = False
    assert not any(person.has_perm(permission) for permission in PERMISSIONS)


@pytest.mark.django_db
@pytest.mark.parametrize("permission", PERMISSIONS)
def test_who_holds_a_permission_is_who_has_it(permission: str) -> None:
    room, _, act = permission.partition(".")
    kind, _created = ContentType.objects.get_or_create(app_label=room, model="anything")
    row, _created = Permission.objects.get_or_create(content_type=kind, codename=act)
    team = Group.objects.create(name="a team")
    team.permissions.add(row)
    for role in MAY:
        builders.user(f"a {role}", role=role)
        builders.user(f"a {role} who left", role=role)
    User.objects.filter(username__endswith="left").update(is_active=False)
    User.objects.create_superuser("root")
    User.objects.create_user("by itself").user_permissions.add(row)
    User.objects.create_user("by a team").groups.add(team)
    has = {person.username for person in User.objects.all() if person.has_perm(permission)}
    found = User.objects.with_perm(permission, backend="prism_site.roles.RoleBackend")
    assert sorted(person.username for person in found) == sorted(has)
    assert {"root", "by itself", "by a team"} < has
    assert not any(name.endswith("left") for name in has)
    plain = User.objects.with_perm(
        permission, include_superusers=False, backend="prism_site.roles.RoleBackend"
    )
    assert {person.username for person in plain} == has - {"root"}


@pytest.mark.django_db
def test_an_inactive_superuser_may_do_nothing() -> None:
    root = User.objects.create_superuser("root", password="x")
    assert all(root.has_perm(permission) for permission in PERMISSIONS)
    root.is_active = False
    assert not any(root.has_perm(permission) for permission in PERMISSIONS)


def test_a_stranger_may_do_nothing() -> None:
    assert not any(AnonymousUser().has_perm(permission) for permission in PERMISSIONS)


@pytest.mark.django_db
def test_a_group_of_another_name_gives_nothing(ben: User) -> None:
    ben.groups.set([Group.objects.create(name="Owner")])
    assert not any(ben.has_perm(permission) for permission in PERMISSIONS)


@pytest.mark.django_db
def test_two_roles_add_up(rosa: User) -> None:
    assert not rosa.has_perm("annotation.rate")
    grant(rosa, "annotator")
    assert rosa.has_perm("annotation.rate")
    assert rosa.has_perm("analysis.read")


@pytest.mark.django_db
def test_an_unknown_role_is_refused_with_the_known_ones(rosa: User) -> None:
    with pytest.raises(KeyError, match="no role 'admin'; there are annotator, owner, researcher"):
        grant(rosa, "admin")


@pytest.mark.django_db
def test_asking_again_costs_nothing(olga: User, django_assert_num_queries) -> None:
    again = User.objects.get(pk=olga.pk)
    with django_assert_num_queries(1):  # the roles, and no permission rows
        again.has_perm("annotation.own")
    assert not again.has_perm("generation.explain_nothing")
    with django_assert_num_queries(0):
        assert again.has_perm("generation.run")
        assert not again.has_perm("annotation.rate")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permission", "may"),
    [
        ("generation.view_run", True),
        ("annotation.view_rating", True),
        ("annotation.view_provenance", False),
        ("annotation.change_rating", False),
        ("generation.delete_run", False),
        ("generation.add_corpus", False),
        ("auth.view_user", False),
    ],
)
def test_an_owner_looks_at_rows_in_the_admin_and_changes_none(
    olga: User, rosa: User, ada: User, permission: str, may: bool
) -> None:
    assert olga.has_perm(permission) is may
    assert not rosa.has_perm(permission)
    assert not ada.has_perm(permission)


@pytest.mark.django_db
def test_only_owners_find_the_admin_door(client: Client, olga: User, ada: User, rosa: User) -> None:
    assert olga.is_staff
    assert not ada.is_staff
    assert not rosa.is_staff
    assert olga.has_module_perms("generation")
    assert not olga.has_module_perms("auth")
    assert not rosa.has_module_perms("analysis")
    assert not AnonymousUser().has_module_perms("generation")


@pytest.mark.django_db
def test_the_role_backend_signs_nobody_in(client: Client, olga: User) -> None:
    assert not client.login(username="olga", password="wrong")
    assert client.login(username="olga", password=builders.PASSWORD)
