"""Passwords of missions: hashed in a thread, and not to be guessed."""

import asyncio
import time
from typing import Final

from argon2.exceptions import Argon2Error, InvalidHashError

from vallum.hub.config import Marti as Settings
from vallum.hub.marti.answer import Refusal
from vallum.hub.pki.credentials import HASHER

__all__ = ["Passwords"]

_KNOWN: Final = 10_000
_LONGEST: Final = 1_024
_AT_ONCE: Final = 2

Who = tuple[str, str, str]


class Passwords:
    """Makes and checks hashes; who is wrong too often in a row waits.

    Parameters
    ----------
    settings : config.Marti
        Attempts, and for how long one is locked out.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._wrong: dict[Who, tuple[int, float]] = {}

    async def hash(self, password: str) -> str:
        """Return what is kept of a password.

        Raises
        ------
        Refusal
            400 if it is empty or too long.
        """
        if not 0 < len(password) <= _LONGEST:
            raise Refusal(400, f"password: empty, or of more than {_LONGEST} characters", rule="length")
        async with self._turn:
            return await asyncio.to_thread(HASHER.hash, password)

    async def check(self, who: Who, kept: str, password: str) -> bool:
        """Whether a password is right.

        Parameters
        ----------
        who : (str, str, str)
            Nation and name of who tries, and the mission.
        kept : str
            Its hash.
        password : str

        Raises
        ------
        Refusal
            429 after too many wrong ones.
        """
        async with self._turn:
            self._refuse_if_locked(who)
            right = len(password) <= _LONGEST and await asyncio.to_thread(self._verified, kept, password)
        if right:
            self._wrong.pop(who, None)
            return True
        count = self._wrong.get(who, (0, 0.0))[0] + 1  # another may have been tried meanwhile
        over = count - self._settings.attempts
        until = time.monotonic() + self._settings.lockout_s * 2 ** min(over, 10) if over >= 0 else 0.0
        if len(self._wrong) >= _KNOWN:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[who] = (count, until)
        return False

    def _refuse_if_locked(self, who: Who) -> None:
        wait = self._wrong.get(who, (0, 0.0))[1] - time.monotonic()
        if wait > 0:
            raise Refusal(
                429, "too many wrong passwords for this mission", rule="attempts",
                remedy="Wait, then try again.", headers={"Retry-After": str(max(1, round(wait)))},
            )  # fmt: skip

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return HASHER.verify(kept, password)
        except (Argon2Error, InvalidHashError):
            return False
