"""Who connects."""

from dataclasses import dataclass, field

ANONYMOUS_GROUP = "__ANON__"
"""The group of whoever states none, under the name that TAK clients know."""

ROLES = ("viewer", "member", "admin")
"""A viewer only receives, a member also sends, an admin also operates."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or system whose identity has been established.

    Parameters
    ----------
    name : str
        User name; the common name of the certificate where there is one.
    nation : str
        ISO 3166-1 alpha-2 code of the nation it belongs to.
    groups_in : frozenset of str
        Groups that its data goes into.
    groups_out : frozenset of str
        Groups whose data comes out to it.
    role : str
        One of `ROLES`.
    certificate : str
        SHA-256 fingerprint of its certificate in hexadecimal, empty without one.
    """

    name: str
    nation: str
    groups_in: frozenset[str] = field(default=frozenset((ANONYMOUS_GROUP,)))
    groups_out: frozenset[str] = field(default=frozenset((ANONYMOUS_GROUP,)))
    role: str = "member"
    certificate: str = ""

    @property
    def may_send(self) -> bool:
        """Whether its events are taken."""
        return self.role != "viewer"
