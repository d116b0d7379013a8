"""How somebody gets into a mission with a password."""

import sqlite3

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.routes.common import caller, ref
from vallum.hub.marti.operation import Call

__all__ = ["admitted"]


async def admitted(call: Call, password: str | None, *, strict: bool = False) -> None:
    """Let the caller in if it knows the mission's password; who states none is let be.

    Parameters
    ----------
    call : Call
    password : str, optional
        As the request states it.
    strict : bool
        Whether a password for a mission that has none is refused.

    Raises
    ------
    Refusal
        403 if it is wrong, 404 if the caller may not see the mission, 429 after too many wrong ones.
    """
    if not password:
        return
    place = desk(call)

    def kept(reading: Reading) -> tuple[str, str | None]:
        found = reading.find(ref(call))
        if found is None:
            raise Refusal(404, f"no mission of this {ref(call).by}", rule="missions")
        return found["guid"], found["password"]

    who = caller(call)
    guid, hashed = await place.look(who, kept)
    if hashed is None:
        if strict:
            raise Refusal(403, "the mission has no password", rule="mission password", remedy="Leave it out.")
        return
    if not await place.passwords.check((*who.owner, guid), hashed, password):
        raise Refusal(403, "wrong password", rule="mission password")

    def work(ledger: Ledger) -> None:
        mission: sqlite3.Row | None = ledger.find(ref(call))
        if mission is not None and mission["password"] == hashed:
            ledger.connection.execute(
                "INSERT INTO mission_access (mission, nation, principal, knows) VALUES (?, ?, ?, 1) "
                "ON CONFLICT DO UPDATE SET knows = 1", (mission["id"], *who.owner),
            )  # fmt: skip

    await place.change(who, work)
