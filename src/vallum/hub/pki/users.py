"""What is asked for a user, and what the registry says of it afterwards."""

from dataclasses import dataclass

from vallum.core.errors import BadInput
from vallum.core.principal import ANONYMOUS_GROUP
from vallum.hub.pki import names
from vallum.hub.pki.registry import Registry, Role, User

__all__ = ["UserRequest", "changed"]


@dataclass(frozen=True, slots=True)
class UserRequest:
    """What is asked for a user. None leaves what the registry says.

    Parameters
    ----------
    name : str
        User name, the certificate's common name.
    nation : str, optional
        ISO 3166-1 alpha-2 code; must be given for a new user.
    groups_in, groups_out : frozenset of str, optional
        Groups that its data goes into, and whose data comes out to it. When both are empty the user is in
        the group of those who state none.
    role : str, optional
        ``viewer``, ``member`` or ``admin``; a new user is a member.
    """

    name: str
    nation: str | None = None
    groups_in: frozenset[str] | None = None
    groups_out: frozenset[str] | None = None
    role: Role | None = None


def changed(known: Registry, request: UserRequest, *, may_move: bool) -> tuple[str, User]:
    """Return the checked name and the user as the request makes it."""
    name = names.user(request.name)
    for other in known.users:
        # Two users that some file system, or some reader, takes for one.
        if other != name and other.casefold() == name.casefold():
            raise BadInput(
                f"differs from {other!r} in upper and lower case alone",
                f"user name {name!r}",
                "user name",
                "Write it the same way, or give another name.",
            )
    before = known.users.get(name)
    nation = before.nation if before and request.nation is None else names.nation(request.nation or "")
    if before and nation != before.nation and not may_move:
        raise BadInput(
            f"is of {before.nation}, and its older certificates stay so",
            f"user {name!r}",
            "one nation",
            "Add --replace, which revokes them, or give another name.",
        )
    groups_in = _groups(request.groups_in, before.groups_in if before else [])
    groups_out = _groups(request.groups_out, before.groups_out if before else [])
    if not groups_in and not groups_out:
        groups_in = groups_out = [ANONYMOUS_GROUP]
    role = request.role or (before.role if before else "member")
    return name, User(nation=nation, groups_in=groups_in, groups_out=groups_out, role=role)


def _groups(asked: frozenset[str] | None, before: list[str]) -> list[str]:
    return before if asked is None else sorted(names.groups(asked))
