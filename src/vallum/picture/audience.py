"""Who may see an event, as bits: one AND for each reader, one computation for each kind of event."""

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from vallum.core.label import Label
from vallum.core.policy import Policy
from vallum.core.principal import Principal
from vallum.picture.event import Event

_CACHE_LIMIT = 8192
_LONGEST_CACHED = 256


class View(NamedTuple):
    """What a reader may see: its nation's bit and the bits of its groups' OUT direction."""

    nation: int
    groups: int


Audience = tuple[tuple[int, int], ...]
"""Pairs of nation bits and group bits; a view that shares a bit of each with one of them may see.

The last pair shows nothing to anyone. It names the nation of origin, so that what two nations say to the same
readers is kept apart, and neither ends what is the other's.
"""


def sees(view: View, audience: Audience) -> bool:
    """Whether a reader may see what is for an audience."""
    nation, groups = view
    return any(nations & nation and groups & reached for nations, reached in audience)


def origin(audience: Audience) -> int:
    """Return the bit of the nation of origin; 0 if it is not said."""
    nations, bit = audience[-1] if audience else (0, 0)
    return 0 if nations else bit


def stated(event: Event, groups: frozenset[str]) -> tuple[str, str, str, frozenset[str]]:
    """Return what an event says of its release: access, caveat, releasableTo, and the groups it goes into.

    Parameters
    ----------
    event : Event
        The event.
    groups : frozenset of str
        Groups that its sender sends to.
    """
    attributes = event.attributes
    # The second is how TAK protocol spells it; an event whose two disagree is malformed.
    releasable = attributes.get("releasableTo") or attributes.get("releaseableTo", "")
    wanted = [address.value for address in event.addresses if address.kind == "group"]
    reached = groups.intersection(wanted) if wanted else groups
    return attributes.get("access", ""), attributes.get("caveat", ""), releasable, reached


class Audiences:
    """Turn names into bits and a policy's decisions into audiences; from any thread.

    Parameters
    ----------
    policy : Policy
        The rules in force.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._nations: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._cache: dict[tuple[str | frozenset[str], ...], Audience] = {}
        self._next = count()

    def view(self, principal: Principal, groups: Iterable[str] | None = None) -> View:
        """Return what a principal sees, with all its OUT groups or with those that are switched on."""
        active = principal.groups_out if groups is None else principal.groups_out & frozenset(groups)
        return View(self._bits(self._nations, (principal.nation,)), self._bits(self._groups, active))

    def of(self, event: Event, nation: str, groups: frozenset[str]) -> Audience:
        """Return who may see an event.

        Parameters
        ----------
        event : Event
            The event.
        nation : str
            Nation of the principal who sent it.
        groups : frozenset of str
            Groups it goes into.
        """
        access, caveat, releasable, reached = stated(event, groups)
        return self.labelled(nation, access, caveat, releasable, event.type, reached)

    def labelled(
        self, nation: str, access: str, caveat: str, releasable: str, cot_type: str, groups: frozenset[str]
    ) -> Audience:
        """Return who may see something of a label.

        Parameters
        ----------
        nation : str
            Of origin.
        access, caveat, releasable : str
            As stated; empty if they are not.
        cot_type : str
            Its Cursor on Target type.
        groups : frozenset of str
            Groups it goes into.
        """
        key = (cot_type, nation, groups, access, caveat, releasable)
        found = self._cache.get(key)
        if found is None:
            label = Label(nation, access, caveat, self.policy.named(releasable))
            found = tuple(
                (self._bits(self._nations, nations), self._bits(self._groups, members))
                for nations, members in self.policy.audience(label, cot_type, groups)
            )
            found += ((0, self._bits(self._nations, (nation,))),)
            if len(access) + len(caveat) + len(releasable) <= _LONGEST_CACHED:  # a peer chose them
                if len(self._cache) >= _CACHE_LIMIT:
                    self._cache.clear()
                self._cache[key] = found
        return found

    def _bits(self, known: dict[str, int], names: Iterable[str]) -> int:
        bits = 0
        for name in names:
            bit = known.get(name)
            if bit is None:
                # Both steps are one operation each, so that two threads never give two names one bit.
                bit = known.setdefault(name, 1 << next(self._next))
            bits |= bit
        return bits
