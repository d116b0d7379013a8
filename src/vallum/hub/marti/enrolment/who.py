"""Who asks on the enrolment listener: whoever knows a password or holds a token."""

import asyncio
import base64
import math
import time
from typing import Final

import structlog
from starlette.requests import Request

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.listener.https import network
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.app import Who
from vallum.hub.marti.enrolment import bearer
from vallum.hub.marti.enrolment.login import PATH, stated
from vallum.hub.marti.enrolment.sign import PROOF
from vallum.hub.marti.service import Marti
from vallum.hub.pki.accounts import LockedOut, Wrong
from vallum.hub.pki.credentials import Proof, Unproven
from vallum.hub.rate import Buckets

__all__ = ["by_password"]

log = structlog.get_logger("vallum.hub")

#: Wrong passwords from one address, whichever names they are given for, in multiples of what locks a name
#: out: many devices may share an address.
ADDRESS_SHARE: Final = 10
ADDRESS_PER_S: Final = 0.2
#: Passwords that wait to be tried; each takes about a tenth of a second.
MOST_WAITING: Final = 50
LONGEST: Final = 512
BASIC: Final = 'Basic realm="vallum", charset="UTF-8"'
REMEDY: Final = "Ask whoever runs the hub for a new token: vallum pki user NAME --token."

Found = tuple[Principal, Proof]


def by_password(marti: Marti, nation: str = "") -> Who:
    """Return what finds out by HTTP Basic, or a bearer token had by it, who asks.

    Parameters
    ----------
    marti : Marti
    nation : str
        The only nation that is let in; empty for all.

    Raises
    ------
    BadInput
        If no certificates can be issued here.
    """
    marti.accounts.prepare()
    door = _Door(marti)

    async def who(request: Request) -> Principal:
        try:
            principal, proof = await door.found(request)
        except (Wrong, Unproven) as error:
            # Of a token that was right once more may be said than of a wrong one.
            raise _nobody(str(error) or "user name, password or token is wrong") from error
        except LockedOut as error:
            seconds = math.ceil(error.left.total_seconds())
            raise _wait("too many wrong passwords for this name", "lock-out", seconds) from error
        except (BadInput, OSError) as error:
            log.error("credentials cannot be used", cause=str(error))
            raise Refusal(
                503, "the hub cannot look it up now", rule="credentials", remedy="Try again in a minute."
            ) from error
        nations = (nation,) if nation else marti.router.audiences.policy.nations
        if principal.nation not in nations:
            raise Refusal(403, "users of another nation do not enrol here", rule="nation")
        setattr(request.state, PROOF, proof)
        return principal

    return who


class _Door:
    """Tries what is shown, one password at a time."""

    def __init__(self, marti: Marti) -> None:
        self._accounts = marti.accounts
        self._wrong = Buckets(ADDRESS_PER_S, ADDRESS_SHARE * marti.settings.attempts)
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def found(self, request: Request) -> Found:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if request.scope["path"] == PATH:
            name, secret = await stated(request)
        elif scheme.lower() == "bearer":
            proof = bearer.read(shown.strip(), int(time.time()))
            return await asyncio.to_thread(self._accounts.by_proof, proof), proof
        elif scheme.lower() == "basic":
            name, secret = _basic(shown.strip())
        else:
            raise _nobody("no password")
        if not name or not secret or len(name) + len(secret) > LONGEST:
            raise Wrong
        held = await asyncio.to_thread(self._accounts.by_token, name, secret)
        # Who holds a token is not kept out by those who guess.
        place = network(request.client.host if request.client else "")
        return held or await self._by_password(name, secret, place)

    async def _by_password(self, name: str, password: str, address: str) -> Found:
        wait = self._wrong.wait(address)
        if wait > 0:
            raise _wait("too many wrong passwords from this address", "address", math.ceil(wait))
        if self._waiting >= MOST_WAITING:
            raise Refusal(503, "too many passwords wait to be tried", rule="passwords",
                          remedy="Try again in a minute.", headers={"Retry-After": "10"})  # fmt: skip
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._accounts.by_password, name, password)
        except Wrong:
            self._wrong.spend(address)
            log.warning("enrolment refused: wrong password", address=address)
            raise
        finally:
            self._waiting -= 1


def _basic(shown: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(shown, validate=True)
    except ValueError as error:
        raise _nobody("header Authorization: no base64") from error
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        text = decoded.decode("latin-1")  # as clients wrote it before RFC 7617
    name, colon, secret = text.partition(":")
    if not colon:
        raise _nobody("header Authorization: no colon between name and password")
    return name, secret


def _nobody(message: str) -> Refusal:
    return Refusal(401, message, rule="password", remedy=REMEDY, headers={"WWW-Authenticate": BASIC})


def _wait(message: str, rule: str, seconds: int) -> Refusal:
    remedy = "Wait, or use a one-time token. Whoever runs the hub can end it: vallum pki unlock NAME."
    return Refusal(429, message, rule=rule, remedy=remedy, headers={"Retry-After": str(max(1, seconds))})
