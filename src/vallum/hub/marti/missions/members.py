"""Who takes part in a mission, in which role, and who is invited."""

import json
import secrets
import sqlite3
from typing import Final, NamedTuple

from vallum.core import instant
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions import limits, notices, roles
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.notices import Member
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.roles import OWNER, READONLY, SUBSCRIBER
from vallum.hub.marti.missions.wire import Invitation, InvitationType, RoleName, Subscription
from vallum.picture import View, sees

__all__ = [
    "Guest", "invitation", "invitations", "invite", "join", "leave", "of_client", "set_role", "subscription",
    "subscriptions", "token", "uninvite",
]  # fmt: skip

_COUNT: Final = "SELECT count(*) AS count FROM mission_subscriber WHERE mission = ? AND nation = ?"
_INVITED: Final = """
SELECT count(*) AS count FROM mission_invitation JOIN mission_label ON mission_label.id = label
WHERE mission = ? AND nation = ?
"""
_ACCESS: Final = """
INSERT INTO mission_access (mission, nation, principal, role) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET role = excluded.role
"""


class Guest(NamedTuple):
    """A client that is there, and what it may see."""

    member: Member
    view: View


def token() -> str:
    """Return what clients want to be given, and what opens nothing: certificates do."""
    return secrets.token_urlsafe(24)


def of_client(reading: Reading, mission: sqlite3.Row, uid: str) -> sqlite3.Row | None:
    """Return the caller's subscription of one of its clients."""
    row: sqlite3.Row | None = reading.connection.execute(
        "SELECT * FROM mission_subscriber WHERE (mission, nation, principal, client_uid) = (?, ?, ?, ?)",
        (mission["id"], *reading.caller.owner, uid),
    ).fetchone()
    return row


def subscriptions(reading: Reading, mission: sqlite3.Row) -> list[sqlite3.Row]:
    """Return the subscriptions that the caller may see, the oldest first."""
    rows = reading.connection.execute(
        "SELECT * FROM mission_subscriber WHERE mission = ? ORDER BY created_ms, client_uid", (mission["id"],)
    )
    return [row for row in rows if reading.sees(row)]


def subscription(reading: Reading, row: sqlite3.Row, *, with_token: bool) -> Subscription:
    """Return a subscription as clients read it; user names of other nations are not told."""
    made = Subscription(
        client_uid=row["client_uid"],
        username=row["principal"] if row["nation"] == reading.caller.principal.nation else "",
        create_time=instant.write(row["created_ms"]),
        role=roles.role(row["role"]),
    )
    if with_token:
        made.token = row["token"]
    return made


def join(ledger: Ledger, mission: sqlite3.Row, uid: str, role: RoleName | None = None) -> sqlite3.Row:
    """Let a client of the caller take part; one that does so already stays as it is.

    Raises
    ------
    Refusal
        409 if there are too many.
    """
    known = of_client(ledger, mission, uid)
    if known is not None:
        return known
    nation, name = ledger.caller.owner
    (count,) = ledger.connection.execute(_COUNT, (mission["id"], nation)).fetchone()
    if count >= limits.SUBSCRIBERS:
        raise limits.full("subscribers", limits.SUBSCRIBERS)
    ledger.connection.execute(
        "INSERT INTO mission_subscriber VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (mission["id"], uid, nation, name, ledger.number(ledger.own()), role or first_role(ledger, mission),
         token(), ledger.now),
    )  # fmt: skip
    ledger.forget_members(mission["id"])
    made = of_client(ledger, mission, uid)
    assert made is not None  # noqa: S101  (it has just been written)
    return made


def first_role(reading: Reading, mission: sqlite3.Row) -> RoleName:
    """Return the role in which the caller would take part."""
    given = (
        reading.role(mission) or reading.access(mission).role or reading.invitation(mission)
        or mission["default_role"] or SUBSCRIBER
    )  # fmt: skip
    return given if reading.caller.principal.may_send else READONLY


def leave(ledger: Ledger, mission: sqlite3.Row, uid: str) -> None:
    """Let a client of the caller take part no more.

    Raises
    ------
    Refusal
        404 if it does not.
    """
    if of_client(ledger, mission, uid) is None:
        raise Refusal(404, "no subscription of this client", rule="subscriptions")
    ledger.connection.execute(
        "DELETE FROM mission_subscriber WHERE (mission, nation, principal, client_uid) = (?, ?, ?, ?)",
        (mission["id"], *ledger.caller.owner, uid),
    )
    ledger.forget_members(mission["id"])


def set_role(
    ledger: Ledger, mission: sqlite3.Row, uid: str, username: str | None, role: RoleName, author: str
) -> None:
    """Give the user of a client a role, in all of its clients: what one may do, its user may do.

    Raises
    ------
    Refusal
        403 or 404.
    """
    ledger.need(mission, "MISSION_SET_ROLE")
    rows = [
        row
        for row in subscriptions(ledger, mission)
        if row["client_uid"] == uid and username in (None, "", row["principal"])
    ]
    if not rows:
        raise Refusal(404, "no subscription of this client", rule="subscriptions")
    for owner in {(row["nation"], row["principal"]) for row in rows}:
        key = (mission["id"], *owner)
        ledger.connection.execute(
            "UPDATE mission_subscriber SET role = ? WHERE (mission, nation, principal) = (?, ?, ?)",
            (role, *key),
        )
        ledger.connection.execute(_ACCESS, (*key, role))
        ledger.note_own(mission, "role", author)
        ledger.tell(mission, notices.ROLE, author=author, inside=notices.role_xml(role),
                    members=(Member(uid, owner),))  # fmt: skip
    ledger.forget_members(mission["id"])


def invite(
    ledger: Ledger, mission: sqlite3.Row, kind: InvitationType, invitee: str, role: RoleName | None,
    author: str, there: list[Guest],
) -> None:  # fmt: skip
    """Invite somebody; who is there is told.

    Parameters
    ----------
    ledger : Ledger
    mission : sqlite3.Row
    kind, invitee : str
        Whom.
    role : str, optional
        In which role: at most the caller's own.
    author : str
        The client that does it.
    there : list of Guest
        Clients to which the name leads now. If it is the name of a client, it is they who are invited,
        whoever is called so later.

    Raises
    ------
    Refusal
        403 or 409.
    """
    ledger.need(mission, "MISSION_WRITE")
    limits.uid(invitee, "path: invitee")
    own = ledger.role(mission) or READONLY
    given = roles.within(role or mission["default_role"] or SUBSCRIBER, own)
    label = ledger.number(ledger.own())
    key = (mission["id"], kind, invitee, label)
    known = ledger.connection.execute(
        "SELECT * FROM mission_invitation WHERE (mission, type, invitee, label) = (?, ?, ?, ?)", key
    ).fetchone()
    if known is None:
        (count,) = ledger.connection.execute(
            _INVITED, (mission["id"], ledger.caller.principal.nation)
        ).fetchone()
        if count >= limits.INVITATIONS:
            raise limits.full("invitations", limits.INVITATIONS)
    sight = ledger.sight(mission["label"], mission["principal"])
    told = tuple(
        one.member for one in there if sees(one.view, sight.audience) or one.member.owner == sight.owner
    )
    bound = sorted({one.owner for one in told}) if kind in ("clientUid", "callsign") else []
    opened = known["token"] if known is not None else token()
    ledger.connection.execute(
        "INSERT OR REPLACE INTO mission_invitation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, json.dumps(bound), given, opened, author, ledger.caller.principal.name, ledger.now),
    )
    if known is None or known["role"] != given:
        ledger.note_own(mission, "invitation", author)
    ledger.tell(mission, notices.INVITED, author=author, token=opened, inside=notices.role_xml(given),
                members=told)  # fmt: skip


def uninvite(ledger: Ledger, mission: sqlite3.Row, kind: InvitationType, invitee: str, author: str) -> None:
    """Take an invitation back, as far as the caller may see that there is one.

    Raises
    ------
    Refusal
        403, or 404 if it sees none.
    """
    ledger.need(mission, "MISSION_WRITE")
    key = (mission["id"], kind, invitee)
    rows = ledger.connection.execute(
        "SELECT label, principal FROM mission_invitation WHERE (mission, type, invitee) = (?, ?, ?)", key
    ).fetchall()
    shown = [row for row in rows if ledger.sees(row)]
    if not shown:
        raise Refusal(404, "no such invitation", rule="invitations")
    for row in shown:
        ledger.connection.execute(
            "DELETE FROM mission_invitation WHERE (mission, type, invitee, label) = (?, ?, ?, ?)",
            (*key, row["label"]),
        )
        ledger.note(mission, "invitation", author, label=row["label"], principal=row["principal"])


def invitations(reading: Reading, mission: sqlite3.Row) -> list[sqlite3.Row]:
    """Return the invitations to a mission that the caller may see: of others only if it may invite."""
    rows = reading.connection.execute(
        "SELECT * FROM mission_invitation WHERE mission = ? ORDER BY created_ms, type, invitee",
        (mission["id"],),
    )
    role = reading.role(mission)
    inviting = role in (OWNER, SUBSCRIBER)
    return [row for row in rows if reading.is_meant(row) or (inviting and reading.sees(row))]


def invitation(mission: sqlite3.Row, row: sqlite3.Row) -> Invitation:
    """Return an invitation as clients read it."""
    return Invitation(
        mission_name=mission["name"],
        mission_guid=mission["guid"],
        invitee=row["invitee"],
        type=row["type"],
        creator_uid=row["creator_uid"],
        create_time=instant.write(row["created_ms"]),
        token=row["token"],
        role=roles.role(row["role"]),
    )
