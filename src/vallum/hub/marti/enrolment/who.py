"""Who asks on the enrolment listener: whoever knows a password or holds a token."""

from starlette.requests import Request

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.app import Who
from vallum.hub.marti.service import Marti

__all__ = ["by_password"]


def by_password(marti: Marti) -> Who:
    """Return what finds out by HTTP Basic who asks."""

    async def who(request: Request) -> Principal:
        raise Refusal(401, "no password", headers={"WWW-Authenticate": 'Basic realm="vallum"'})

    return who
