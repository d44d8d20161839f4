"""Builders with keyword defaults: a test names only what matters to it."""

from django.contrib.auth.models import User

from prism_site.roles import grant

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
