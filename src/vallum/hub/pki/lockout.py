"""How long somebody who guesses wrong has to wait."""

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

__all__ = ["Failures", "Lockout", "note"]

LONGEST: Final = timedelta(days=1)
#: Names whose failures are counted, beside those of users.
MOST_STRANGERS: Final = 1_000

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Failures(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Wrong passwords given for one name since the last right one."""

    count: int = 0
    "Since the last lock-out."
    lockouts: int = 0
    last: Instant
    until: Instant | None = None
    "End of the last lock-out."

    def locked(self, now: datetime) -> timedelta | None:
        """Return how much of a lock-out is left, None if there is none."""
        return self.until - now if self.until is not None and now < self.until else None

    def over(self, now: datetime) -> bool:
        """Whether it is so long ago that it counts no more."""
        return now - max(self.last, self.until or self.last) > LONGEST


class Lockout(msgspec.Struct, frozen=True):
    """After how many wrong passwords in a row, and for how long the first time; then twice as long.

    No lock-out lasts for more than a day.
    """

    attempts: int
    first: timedelta

    def failed(self, before: Failures | None, now: datetime) -> Failures:
        """Return the failures of a name after one more."""
        known = before if before is not None and not before.over(now) else Failures(last=now)
        count, lockouts, until = known.count + 1, known.lockouts, known.until
        if count >= self.attempts:
            # More doublings than these are longer than any first lock-out allows.
            until = now + min(self.first * 2 ** min(lockouts, 32), LONGEST)
            count, lockouts = 0, lockouts + 1
        return Failures(count=count, lockouts=lockouts, last=now, until=until)


def note(failures: dict[str, Failures], name: str, one: Failures, users: Container[str]) -> None:
    """Keep the failures of a name; when there are too many names, that of a stranger goes, oldest first."""
    failures[name] = one
    strangers = [other for other in failures if other not in users]
    if len(strangers) > MOST_STRANGERS:
        del failures[min(strangers, key=lambda other: failures[other].last)]
