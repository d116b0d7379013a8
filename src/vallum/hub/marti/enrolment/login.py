"""Logging in: a password for a short-lived token."""

import time
from typing import Final
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from vallum.hub.marti.answer import Refusal, json
from vallum.hub.marti.app import read_whole
from vallum.hub.marti.enrolment import bearer
from vallum.hub.marti.enrolment.sign import PROOF
from vallum.hub.marti.operation import Call, Media, Operation

__all__ = ["OPERATIONS", "PATH", "stated"]

PATH: Final = "/oauth/token"
FORM: Final = "application/x-www-form-urlencoded"
LARGEST_FORM: Final = 4_096


class Login(msgspec.Struct):
    """What is stated, in the query or in a form."""

    grant_type: str = "password"
    username: str = ""
    password: str = ""


class Granted(msgspec.Struct):
    """A token, as OAuth 2.0 (RFC 6749) answers."""

    access_token: str
    token_type: str
    expires_in: int


async def stated(request: Request) -> tuple[str, str]:
    """Return the name and the password that a request to log in states.

    Raises
    ------
    Refusal
        If it asks for another kind of grant, or its form is too large or no form.
    """
    values = dict(request.query_params)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        values = {name: found[-1] for name, found in parse_qs(await _form(request)).items()} | values
    if values.get("grant_type", "password") != "password":
        raise Refusal(400, "grant_type: is not password", rule="grant", remedy="Write grant_type=password.")
    return values.get("username", ""), values.get("password", "")


async def _form(request: Request) -> str:
    body = await read_whole(request, LARGEST_FORM)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, f"body: byte {error.start} is no UTF-8", rule="form") from error


async def log_in(call: Call) -> Response:
    """Give a token to who has shown who it is."""
    token = bearer.issue(getattr(call.request.state, PROOF), int(time.time()))
    reply = json(Granted(token, "bearer", bearer.VALID_S))
    reply.headers["Cache-Control"] = "no-store"
    return reply


OPERATIONS: Final = (
    Operation(
        "POST", PATH, log_in, "Give name and password, get a bearer token for ten minutes.", "enrolment",
        query=Login, body=Media(FORM), answer=Granted, refuses=(503,),
    ),
)  # fmt: skip
