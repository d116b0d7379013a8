"""Missions as one caller may see them, on one state of the database. Runs in the store's threads."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.marking import Marking, Rules
from vallum.hub.marti.missions.roles import OWNER, READONLY, Permission, best, grants, within
from vallum.hub.marti.missions.wire import RoleName
from vallum.picture import View, sees

__all__ = ["Caller", "Label", "Reading", "Ref"]

_ROLES: Final = "SELECT role FROM mission_subscriber WHERE mission = ? AND nation = ? AND principal = ?"
_ACCESS: Final = "SELECT knows, role FROM mission_access WHERE mission = ? AND nation = ? AND principal = ?"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what it goes by.

    Parameters
    ----------
    principal : Principal
    names : frozenset of (str, str)
        Kinds and values of names by which it may be invited: its user name, groups, teams, and the uids and
        callsigns of its connections.
    view : View, optional
        What it may see now, if it speaks through a connection whose groups are switched on and off.
    """

    principal: Principal
    names: frozenset[tuple[str, str]] = frozenset()
    view: View | None = None

    @property
    def owner(self) -> tuple[str, str]:
        """Its nation and user name."""
        return self.principal.nation, self.principal.name


@dataclass(frozen=True, slots=True)
class Label:
    """Under which rules something is released.

    Parameters
    ----------
    marking : Marking
    type : str
        Cursor on Target type, or that which stands for files or missions.
    """

    marking: Marking
    type: str

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row of ``mission_label`` holds, beside its id."""
        return self.type, *self.marking.columns


@dataclass(frozen=True, slots=True)
class Ref:
    """How a request names a mission."""

    by: Literal["name", "guid"]
    value: str

    @classmethod
    def of(cls, path: dict[str, str]) -> "Ref":
        """Read it from the names in a path."""
        if "guid" in path:
            return cls("guid", path["guid"].strip("{}").lower())
        return cls("name", path["name"].strip())


class Access(NamedTuple):
    """Whether somebody has shown that it knows the password, and the role an owner has given it."""

    knows: bool
    role: RoleName | None


class Reading:
    """What one caller may see.

    Parameters
    ----------
    connection : sqlite3.Connection
        Within a transaction.
    rules : Rules
    caller : Caller
    now : int
        Milliseconds since 1970-01-01T00:00Z.
    """

    def __init__(self, connection: sqlite3.Connection, rules: Rules, caller: Caller, now: int) -> None:
        self.connection = connection
        self.rules = rules
        self.caller = caller
        self.now = now
        self._view = caller.view or rules.view(caller.principal)
        self._labels: dict[int, Label] = {}
        self._seen: dict[int, bool] = {}
        self._roles: dict[int, RoleName | None] = {}

    # Labels

    def label(self, number: int) -> Label:
        """Return a label by its id."""
        found = self._labels.get(number)
        if found is None:
            row = self.connection.execute(
                "SELECT type, nation, access, caveat, releasable_to, groups FROM mission_label WHERE id = ?",
                (number,),
            ).fetchone()
            found = self._labels[number] = Label(Marking.from_columns(*tuple(row)[1:]), row["type"])
        return found

    def sees(self, thing: sqlite3.Row) -> bool:
        """Whether the caller may see something that has a label and a principal: its own things always."""
        return self.sees_label(thing["label"], thing["principal"])

    def sees_label(self, label: int, principal: str) -> bool:
        """Whether the caller may see something of a label that somebody of the label's nation has stored."""
        if self.caller.owner == (self.label(label).marking.nation, principal):
            return True
        seen = self._seen.get(label)
        if seen is None:
            seen = self._seen[label] = self.may_see(self.label(label))
        return seen

    def may_see(self, label: Label) -> bool:
        """Whether the caller may see what others store under a label."""
        return sees(self._view, self.rules.audience(label.marking, label.type))

    # Missions

    def missions(self) -> list[sqlite3.Row]:
        """Return the missions that the caller may see, the oldest first."""
        return [
            row for row in self.connection.execute("SELECT * FROM mission ORDER BY id") if self._shown(row)
        ]

    def find(self, ref: Ref) -> sqlite3.Row | None:
        """Return a mission if the caller may see it; of those that share a name the one of its own nation."""
        rows = self.connection.execute(
            f"SELECT * FROM mission WHERE {ref.by} = ? ORDER BY id",  # noqa: S608  (one of two words)
            (ref.value,),
        ).fetchall()
        shown = [row for row in rows if self._shown(row)]
        mine = self.caller.principal.nation
        return min(shown, key=lambda row: self.label(row["label"]).marking.nation != mine, default=None)

    def mission(self, ref: Ref, permission: Permission = "MISSION_READ") -> sqlite3.Row:
        """Return a mission in which the caller may do something.

        Raises
        ------
        Refusal
            404 if it may not even see it, 403 if it may not do that.
        """
        found = self.find(ref)
        if found is None:
            raise Refusal(
                404, f"no mission of this {ref.by}", rule="missions", remedy="Look at /Marti/api/missions."
            )
        self.need(found, permission)
        return found

    def named(self, found: sqlite3.Row | None) -> sqlite3.Row | None:
        """Return a mission if the caller may see it."""
        return found if found is not None and self._shown(found) else None

    def by_id(self, number: int | None) -> sqlite3.Row | None:
        """Return a mission by its number if the caller may see it."""
        row = self.connection.execute("SELECT * FROM mission WHERE id = ?", (number,)).fetchone()
        return self.named(row)

    def need(self, mission: sqlite3.Row, permission: Permission) -> None:
        """Check what the caller may do in a mission that it may see.

        Raises
        ------
        Refusal
            403.
        """
        if permission == "MISSION_READ":
            if not self.readable(mission):
                raise Refusal(
                    403, "the mission has a password", rule="mission password",
                    remedy="Subscribe with ?password=, or ask for an invitation.",
                )  # fmt: skip
            return
        role = self.role(mission)
        if role is None or not grants(role, permission):
            raise Refusal(
                403, f"no {permission} in this mission", rule="mission roles",
                remedy="Subscribe to it, or ask an owner of it for another role.",
            )  # fmt: skip

    def readable(self, mission: sqlite3.Row) -> bool:
        """Whether the caller may look into a mission that it may see."""
        if mission["password"] is None or self.role(mission) is not None or self.invitation(mission):
            return True
        return self.access(mission).knows

    def role(self, mission: sqlite3.Row) -> RoleName | None:
        """Return the role in which the caller takes part in a mission, None if it does not.

        It is that of the principal, whichever of its clients asks: a client's word proves nothing.
        """
        number = mission["id"]
        if number not in self._roles:
            self._roles[number] = self._role(mission)
        return self._roles[number]

    def invitation(self, mission: sqlite3.Row) -> RoleName | None:
        """Return the role for which the caller is invited, None if it is not."""
        rows = self.connection.execute("SELECT * FROM mission_invitation WHERE mission = ?", (mission["id"],))
        return best(row["role"] for row in rows if self.is_meant(row))

    def access(self, mission: sqlite3.Row) -> Access:
        """Return what outlasts the caller's subscriptions."""
        row = self.connection.execute(_ACCESS, (mission["id"], *self.caller.owner)).fetchone()
        return Access(False, None) if row is None else Access(bool(row["knows"]), row["role"])

    def is_meant(self, invitation: sqlite3.Row) -> bool:
        """Whether an invitation is for the caller."""
        bound = json.loads(invitation["bound"])
        if bound:
            return list(self.caller.owner) in bound
        return (invitation["type"], invitation["invitee"]) in self.caller.names

    def is_mine(self, thing: sqlite3.Row) -> bool:
        """Whether something is the caller's own."""
        return self.caller.owner == (self.label(thing["label"]).marking.nation, thing["principal"])

    def _role(self, mission: sqlite3.Row) -> RoleName | None:
        principal = self.caller.principal
        nation = self.label(mission["label"]).marking.nation
        if self.is_mine(mission) or (principal.role == "admin" and principal.nation == nation):
            return OWNER if principal.may_send else READONLY
        rows = self.connection.execute(_ROLES, (mission["id"], *self.caller.owner))
        found = best(row["role"] for row in rows)
        return found if found is None or principal.may_send else within(found, READONLY)

    def _shown(self, mission: sqlite3.Row) -> bool:
        if 0 <= mission["expires_ms"] <= self.now or not self.sees(mission):
            return False
        if not mission["invite_only"]:
            return True
        return self.role(mission) is not None or self.invitation(mission) is not None
