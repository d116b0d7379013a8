"""Who releases what to whom: pure decisions, default deny.

A policy never widens what an originator asked for, and an originator never widens what the policy allows.
What is not understood (an unknown classification, a caveat that no rule names) stays with the nation of
origin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vallum.core.label import Label
from vallum.core.principal import Principal

STRIKE_TYPES = ("t-k",)
"""Strike tasking in Cursor on Target: not taken, whatever a policy file says."""

FIRE_DETAILS = frozenset(
    (
        "call_for_fire",
        "callforfire",
        "cas9line",
        "cff",
        "fire_mission",
        "firemission",
        "fires",
        "nineline",
        "strike",
    )
)
"""Details of calls for fire and of close air support, in lower case and without underscores around them: not
taken at whatever depth they stand, whatever a policy says."""


def is_of(cot_type: str, prefix: str) -> bool:
    """Whether a type is the one that a prefix names or lies below it; the empty prefix names all."""
    return not prefix or f"{cot_type}-".startswith(f"{prefix}-")


@dataclass(frozen=True, slots=True)
class Release:
    """One rule: a nation releases some of its events to others.

    Parameters
    ----------
    origin : str
        Nation whose events these are.
    to : frozenset of str
        Nations that see them without more.
    if_named : frozenset of str
        Nations that see them if the originator's ``releasableTo`` names them.
    types : tuple of str
        Cursor on Target types the rule speaks of, each with all below it; empty for all.
    up_to : int
        Highest level the rule releases, as an index into `Policy.levels`.
    caveats : frozenset of str
        Handling caveats the rule releases, in upper case. An event with another caveat is not covered.
    groups : frozenset of str, optional
        Groups the rule speaks of. None for all.
    """

    origin: str
    to: frozenset[str] = frozenset()
    if_named: frozenset[str] = frozenset()
    types: tuple[str, ...] = ()
    up_to: int = 0
    caveats: frozenset[str] = frozenset()
    groups: frozenset[str] | None = None

    def covers(self, label: Label, cot_type: str, level: int) -> bool:
        """Whether the rule speaks of such an event."""
        return (
            self.origin == label.nation
            and level <= self.up_to
            and (not label.caveat or label.caveat.upper() in self.caveats)
            and (not self.types or any(is_of(cot_type, prefix) for prefix in self.types))
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """The release rules of a hub.

    Parameters
    ----------
    nations : tuple of str
        Nations that take part. A principal of another nation is not let in.
    levels : tuple of str
        Classification levels, lowest first, in upper case.
    default_level : int
        Index of the level of an event that states none.
    aliases : mapping of str to str
        Other spellings of levels, in upper case, to the level.
    nation_names : mapping of str to frozenset of str
        Other names of nations and of communities, in upper case, to the nations they stand for.
    releases : tuple of Release
        The rules; what none of them releases stays with its nation.
    refused_types : tuple of str
        Prefixes of types that are not taken, beside `STRIKE_TYPES`.
    refused_details : frozenset of str
        Names of details, in lower case, that are not taken, beside `FIRE_DETAILS`.
    """

    nations: tuple[str, ...]
    levels: tuple[str, ...] = ("UNCLASSIFIED",)
    default_level: int = 0
    aliases: Mapping[str, str] = field(default_factory=dict)
    nation_names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    releases: tuple[Release, ...] = ()
    refused_types: tuple[str, ...] = ()
    refused_details: frozenset[str] = frozenset()

    def level(self, access: str) -> int:
        """Return the index of a stated classification; one that is not known counts as above all."""
        word = access.strip().upper()
        if word in ("", "UNDEFINED"):
            return self.default_level
        word = self.aliases.get(word, word)
        return self.levels.index(word) if word in self.levels else len(self.levels)

    def named(self, releasable_to: str) -> frozenset[str] | None:
        """Read the nations of a ``releasableTo`` attribute, which blanks, commas or the like separate.

        Returns
        -------
        frozenset of str, optional
            The nations of this policy that it names; an unknown word names none. None if it is empty.
        """
        if not releasable_to.strip():
            return None
        words = releasable_to.upper().replace(",", " ").replace(";", " ").replace("/", " ").split()
        return frozenset(nation for word in words for nation in self._nations_of(word))

    def audience(
        self, label: Label, cot_type: str, groups: frozenset[str]
    ) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
        """Decide who may see an event.

        Parameters
        ----------
        label : Label
            The event's label.
        cot_type : str
            The event's type.
        groups : frozenset of str
            Groups the event goes into.

        Returns
        -------
        tuple of (frozenset of str, frozenset of str)
            Pairs of nations and groups: a reader of one of the nations who is in one of the groups may see
            it. The nation of origin stands in the first pair, with all groups.
        """
        level = self.level(label.access)
        by_groups: dict[frozenset[str], set[str]] = {groups: {label.nation}}
        for rule in self.releases:
            if not rule.covers(label, cot_type, level):
                continue
            reached = groups if rule.groups is None else groups & rule.groups
            if reached:
                by_groups.setdefault(reached, set()).update(self._released(rule, label))
        return tuple((frozenset(nations), reached) for reached, nations in by_groups.items() if nations)

    def refusal(self, principal: Principal, cot_type: str, details: Iterable[str]) -> str:
        """Say why an event of a principal is not taken at all; empty if it is taken.

        Returns
        -------
        str
            A short reason without anything of the event's content.
        """
        if not principal.may_send:
            return "role viewer does not send"
        if principal.nation not in self.nations:
            return "nation not in policy"
        lower = cot_type.lower()
        if any(lower.startswith(prefix.lower()) for prefix in (*STRIKE_TYPES, *self.refused_types)):
            return "type refused"
        for name in details:
            lower = name.lower().rpartition(":")[2]
            if lower.strip("_") in FIRE_DETAILS or lower in self.refused_details:
                return "detail refused"
        return ""

    def _released(self, rule: Release, label: Label) -> frozenset[str]:
        if label.releasable_to is None:
            return rule.to
        return (rule.to | rule.if_named) & label.releasable_to

    def _nations_of(self, word: str) -> frozenset[str]:
        if word in self.nations:
            return frozenset((word,))
        return self.nation_names.get(word, frozenset())
