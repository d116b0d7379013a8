"""Who may see what is stored: the same rules as for events."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vallum.core.principal import Principal
from vallum.picture import Audience, Audiences, View, sees

__all__ = ["FILE", "MISSION", "Marking", "Rules"]

FILE: Final = "b-f-t-r"
"""The Cursor on Target type under which rules release files: a file transfer."""
MISSION: Final = "t-x-m-n"
"""The same of missions."""


@dataclass(frozen=True, slots=True)
class Marking:
    """The label of something stored, as its columns hold it.

    Parameters
    ----------
    nation : str
        Of origin: that of the principal who stored it.
    groups : frozenset of str
        Groups it goes into: some or all of those that the principal sends to.
    access, caveat, releasable_to : str
        As an event states them; empty if not stated.
    """

    nation: str
    groups: frozenset[str]
    access: str = ""
    caveat: str = ""
    releasable_to: str = ""

    @classmethod
    def of(cls, principal: Principal, wanted: Iterable[str] = (), **stated: str) -> "Marking":
        """Mark what a principal stores: into the groups it names of those it sends to, or into all of them.

        Parameters
        ----------
        principal : Principal
        wanted : iterable of str
            Groups it names; none of them its own leaves nobody but its author.
        **stated : str
            access, caveat, releasable_to.
        """
        named = frozenset(wanted)
        return cls(principal.nation, principal.groups_in & named if named else principal.groups_in, **stated)

    @property
    def columns(self) -> tuple[str, str, str, str, str]:
        """Nation, access, caveat, releasable_to and groups, the last as sorted JSON."""
        return self.nation, self.access, self.caveat, self.releasable_to, json.dumps(sorted(self.groups))

    @classmethod
    def from_columns(
        cls, nation: str, access: str, caveat: str, releasable_to: str, groups: str
    ) -> "Marking":
        """Read what `columns` wrote."""
        return cls(nation, frozenset(json.loads(groups)), access, caveat, releasable_to)


class Rules:
    """Decides by the policy in force.

    Parameters
    ----------
    audiences : Audiences
        Of the router.
    """

    def __init__(self, audiences: Audiences) -> None:
        self.audiences = audiences

    def view(self, principal: Principal) -> View:
        """Return what a principal may see, whichever of its groups are switched on."""
        return self.audiences.view(principal)

    def audience(self, marking: Marking, kind: str) -> Audience:
        """Return who may see something of a marking.

        Parameters
        ----------
        marking : Marking
        kind : str
            `FILE`, `MISSION` or the type of an event.
        """
        return self.audiences.labelled(
            marking.nation, marking.access, marking.caveat, marking.releasable_to, kind, marking.groups
        )

    def may_see(self, principal: Principal, marking: Marking, kind: str) -> bool:
        """Whether a principal may see something of a marking."""
        return sees(self.view(principal), self.audience(marking, kind))
