"""What is answered: envelopes, plain bodies, and refusals that say what to do."""

from typing import Final, Generic, TypeVar

import msgspec
from starlette.responses import Response

__all__ = ["JSON", "NODE", "TEXT", "XML", "Answer", "Fault", "Refusal", "answer", "json", "text", "xml"]

T = TypeVar("T")
JSON: Final = "application/json"
XML: Final = "application/xml"
TEXT: Final = "text/plain; charset=utf-8"
NODE: Final = "vallum"
"""The node of a hub in answers: clients show it and compare it, and learn nothing of the machine."""


class Answer(msgspec.Struct, Generic[T], rename="camel"):
    """The envelope of Marti's answers."""

    type: str
    data: T
    version: str = "3"
    messages: list[str] = []
    node_id: str = NODE


class Fault(msgspec.Struct, omit_defaults=True):
    """The body of a refusal: what is wrong, which rule says so, and what to do."""

    status: int
    message: str
    rule: str = ""
    remedy: str = ""


class Refusal(Exception):
    """A request that is not done.

    Parameters
    ----------
    status : int
        HTTP status, 400 to 599.
    message : str
        What is wrong, naming parameter, field or byte; nothing of what the caller may not see.
    rule, remedy : str, optional
        Which rule says so, and what to do.
    headers : mapping of str to str, optional
        To send with it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        rule: str = "",
        remedy: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.fault = Fault(status, message, rule, remedy)
        self.headers = headers


def answer(kind: str, data: object, status: int = 200) -> Response:
    """Return data in Marti's envelope; `kind` is the name of its type as TAK clients know it."""
    return Response(msgspec.json.encode(Answer(kind, data)), status, media_type=JSON)


def json(data: object, status: int = 200) -> Response:
    """Return data as JSON without an envelope."""
    return Response(msgspec.json.encode(data), status, media_type=JSON)


def text(data: str, status: int = 200) -> Response:
    """Return plain text."""
    return Response(data, status, media_type=TEXT)


def xml(data: bytes | str, status: int = 200) -> Response:
    """Return an XML document."""
    return Response(data, status, media_type=XML)
