"""One transaction on missions: what changes, its place in the log of changes, and who is told of it."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.marking import MISSION, Marking, Rules
from vallum.hub.marti.missions import limits
from vallum.hub.marti.missions.about import About
from vallum.hub.marti.missions.notices import Member, Notice, Sight, Topic, notice
from vallum.hub.marti.missions.reading import Caller, Label, Reading

__all__ = ["Ledger", "drop_labels"]

_NUMBER: Final = """
UPDATE mission SET number = number + 1, changed_ms = max(changed_ms + 1, ?)
WHERE id = ? RETURNING number, changed_ms
"""
_LOG_OF_IT_ALONE: Final = """
DELETE FROM mission_log WHERE id IN (SELECT entry FROM mission_log_of WHERE mission = ?1)
AND NOT EXISTS (SELECT 1 FROM mission_log_of WHERE entry = id AND mission <> ?1)
"""
_LABEL: Final = """
SELECT id FROM mission_label WHERE (type, nation, access, caveat, releasable_to, groups) = (?, ?, ?, ?, ?, ?)
"""
_NEW_LABEL: Final = """
INSERT INTO mission_label (type, nation, access, caveat, releasable_to, groups) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id
"""
_LABELS: Final = "SELECT count(*) FROM mission_label WHERE nation = ?"
_LABELLED: Final = " UNION ".join(
    f"SELECT label FROM mission{table}"  # noqa: S608
    for table in ("", "_change", "_item", "_subscriber", "_invitation", "_log", "_layer")
)
_TABLES: Final = ("change", "item", "subscriber", "access", "invitation", "log_of", "layer", "use")


class Ledger(Reading):
    """What one caller changes.

    Parameters
    ----------
    connection, rules, caller, now
        See `Reading`.
    rosters : dict
        The members of missions, as far as they have been read before.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        rules: Rules,
        caller: Caller,
        now: int,
        rosters: dict[int, tuple[Member, ...]],
    ) -> None:
        super().__init__(connection, rules, caller, now)
        self.notices: list[Notice] = []
        """What is told once all of it is on disk, in this order."""
        self._rosters = rosters
        self._joined: set[int] = set()
        """Missions whose members this transaction changes: what it reads of them may never have been."""

    # Labels

    def own(self, groups: Iterable[str] = ()) -> Label:
        """Return the label of what the caller says itself."""
        return Label(Marking.of(self.caller.principal, groups), MISSION)

    def number(self, label: Label) -> int:
        """Return the id of a label.

        Raises
        ------
        Refusal
            409 if its nation has too many.
        """
        row = self.connection.execute(_LABEL, label.columns).fetchone()
        if row is None:
            (count,) = self.connection.execute(_LABELS, (label.marking.nation,)).fetchone()
            if count >= limits.LABELS:  # a peer chooses what they say
                raise Refusal(
                    409, f"there are {limits.LABELS} different labels already", rule="labels",
                    remedy="Use fewer; those that nothing bears any more go when the hub starts.",
                )  # fmt: skip
            row = self.connection.execute(_NEW_LABEL, label.columns).fetchone()
        return int(row["id"])

    # Changes

    def note(
        self, mission: sqlite3.Row, kind: str, creator_uid: str, *,
        label: int | None = None, principal: str = "", what: str = "", key: str = "", body: str = "",
    ) -> tuple[int, int]:  # fmt: skip
        """Take down a change.

        Parameters
        ----------
        mission : sqlite3.Row
        kind : str
            As clients call it, or the hub's own word in small letters, which they are not shown.
        creator_uid : str
            The client that did it, as it states itself.
        label, principal : int, str
            Of what was changed; the mission's own unless given.
        what, key, body : str
            The content that came or went.

        Returns
        -------
        number, at : int, int
            The change's number in the mission, and its time in milliseconds since 1970-01-01T00:00Z.
        """
        row = self.connection.execute(_NUMBER, (self.now, mission["id"])).fetchone()
        number, at = row["number"], row["changed_ms"]
        label, principal = (mission["label"], mission["principal"]) if label is None else (label, principal)
        self.connection.execute(
            "INSERT INTO mission_change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (mission["id"], number, kind, at, creator_uid, principal, label, what, key, body),
        )
        self.connection.execute(
            "DELETE FROM mission_change WHERE mission = ? AND number <= ?",
            (mission["id"], number - limits.CHANGES),
        )
        return number, at

    def note_own(self, mission: sqlite3.Row, kind: str, creator_uid: str) -> None:
        """Take down a change that those may know of who may see what the caller says."""
        label = self.number(self.own())
        self.note(mission, kind, creator_uid, label=label, principal=self.caller.principal.name)

    def tell(
        self, mission: sqlite3.Row, kind: str, *, author: str = "", inside: str = "", token: str = "",
        about: Iterable[tuple[int, str]] = (), members: tuple[Member, ...] | None = None,
    ) -> None:  # fmt: skip
        """Tell the mission's members, or others, once it is done.

        Parameters
        ----------
        mission : sqlite3.Row
        kind : str
            The notice's type.
        author, inside, token : str
            See `notice`.
        about : iterable of (int, str)
            Labels and principals of what one must see to be told, beside the mission.
        members : tuple of Member, optional
            Who is told, if it is not everybody who takes part.
        """
        told = self.members(mission["id"]) if members is None else members
        if not told:
            return
        topic = Topic(mission["name"], mission["guid"], About.of(mission).tool)
        parcel = notice(kind, topic, self.now, author=author, token=token, inside=inside)
        things = ((mission["label"], mission["principal"]), *about)
        self.notices.append(Notice(parcel, told, tuple(self.sight(*thing) for thing in things)))

    def sight(self, label: int, principal: str) -> Sight:
        """Return who may see something."""
        found = self.label(label)
        audience = self.rules.audience(found.marking, found.type)
        return Sight(audience, (found.marking.nation, principal))

    # Members

    def members(self, mission: int) -> tuple[Member, ...]:
        """Return who takes part in a mission."""
        found = self._rosters.get(mission)
        if found is None:
            rows = self.connection.execute(
                "SELECT client_uid, nation, principal FROM mission_subscriber WHERE mission = ?", (mission,)
            )
            found = tuple(Member(row["client_uid"], (row["nation"], row["principal"])) for row in rows)
            if mission not in self._joined:
                self._rosters[mission] = found
        return found

    def forget_members(self, mission: int) -> None:
        """Note that others take part from now on, or in other roles."""
        self._joined.add(mission)
        self._rosters.pop(mission, None)
        self._roles.pop(mission, None)

    def again(self, mission: sqlite3.Row) -> sqlite3.Row:
        """Return a mission as it is now."""
        row: sqlite3.Row = self.connection.execute(
            "SELECT * FROM mission WHERE id = ?", (mission["id"],)
        ).fetchone()
        return row

    def delete(self, mission: sqlite3.Row, author: str) -> None:
        """Delete a mission with all that is in it, and tell its members."""
        number = mission["id"]
        self.tell(mission, "t-x-m-d", author=author)
        self.connection.execute(_LOG_OF_IT_ALONE, (number,))
        for table in _TABLES:
            self.connection.execute(f"DELETE FROM mission_{table} WHERE mission = ?", (number,))  # noqa: S608
        self.connection.execute("UPDATE mission SET parent = NULL WHERE parent = ?", (number,))
        self.connection.execute("DELETE FROM mission WHERE id = ?", (number,))
        self.forget_members(number)


def drop_labels(connection: sqlite3.Connection) -> None:
    """Let go of the labels that nothing bears any more."""
    connection.execute(f"DELETE FROM mission_label WHERE id NOT IN ({_LABELLED})")  # noqa: S608
