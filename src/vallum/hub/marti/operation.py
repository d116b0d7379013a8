"""What a route is: one declaration from which it is served, checked and described."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal

if TYPE_CHECKING:
    from vallum.hub.marti.service import Marti

__all__ = ["BODY_LIMIT", "Call", "Media", "NoQuery", "Operation", "decoded", "parameters"]

BODY_LIMIT: Final = 1 << 20
"""Bytes of a body that is read at once; files are streamed and have limits of their own."""

May = Literal["see", "send", "operate"]


class NoQuery(msgspec.Struct):
    """No query parameters."""


@dataclass(frozen=True, slots=True)
class Media:
    """A body that is no JSON.

    Parameters
    ----------
    type : str
        Media type, such as ``application/zip``.
    """

    type: str


@dataclass(slots=True)
class Call:
    """One request, with everything checked that can be checked before its handler sees it.

    Parameters
    ----------
    marti : Marti
        What the handlers share.
    request : Request
        The request; a handler streams the body from here if the operation takes a `Media`.
    principal : Principal
        Who asks.
    path : mapping of str to str
        Values of the path's names.
    query : Any
        An instance of the operation's query struct.
    body : Any
        An instance of the operation's body type; None if it takes none.
    """

    marti: "Marti"
    request: Request
    principal: Principal
    path: Mapping[str, str]
    query: Any
    body: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Parameters
    ----------
    method : str
        In upper case. A GET also answers HEAD.
    path : str
        With names in braces; ``{name:path}`` takes slashes as well.
    handler : callable
        Takes a `Call` and returns the response.
    summary : str
        What it does, one line.
    area : str
        The group of operations it stands in.
    query : type of Struct
        Its query parameters: fields, types and defaults; a field of a list type takes repeated parameters.
    body : type or Media, optional
        Its body.
    answer : type or Media
        What it answers on success.
    status : int
        Status of success.
    may : {"see", "send", "operate"}
        ``see`` is for every role, ``send`` for member and admin, ``operate`` for admin alone.
    refuses : tuple of int
        Statuses of its own refusals, beside 400, 401, 403, 404, 413 where there is a body, and 429.
    also : tuple of int
        Further statuses that are no refusals: 204, 304 and a 404 of this kind have no body, the others that
        of `answer`.
    cost : float
        How much of a principal's rate it takes, in requests: what keeps the stream waiting costs more.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Response]]
    summary: str
    area: str
    query: type[msgspec.Struct] = NoQuery
    body: Any = None
    answer: Any = None
    status: int = 200
    may: May = "see"
    refuses: tuple[int, ...] = field(default=())
    also: tuple[int, ...] = field(default=())
    cost: float = 1.0


def parameters(query: QueryParams, kind: type[msgspec.Struct]) -> Any:
    """Read query parameters into a struct; what it does not name is passed over, and so is case in names.

    Raises
    ------
    Refusal
        400, naming the parameter.
    """
    given: dict[str, list[str]] = {}
    for name, value in query.multi_items():
        given.setdefault(name.lower(), []).append(value)
    values: dict[str, object] = {}
    for name, is_list in _names(kind):
        found = given.get(name.lower())
        if found is not None:
            values[name] = found if is_list else found[-1]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(400, str(error).replace("$.", "query parameter "), rule="query parameters") from error


def decoded(body: bytes, kind: Any) -> Any:
    """Read a JSON body.

    Raises
    ------
    Refusal
        400, naming the field or the byte.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"body: {error}", rule="JSON body") from error


@cache
def _names(kind: type[msgspec.Struct]) -> tuple[tuple[str, bool], ...]:
    """Return each parameter's name, and whether it takes a list."""
    return tuple((one.encode_name, _is_list(one.type)) for one in msgspec.structs.fields(kind))


def _is_list(kind: Any) -> bool:
    found = msgspec.inspect.type_info(kind)
    members = found.types if isinstance(found, msgspec.inspect.UnionType) else (found,)
    return any(isinstance(one, msgspec.inspect.ListType) for one in members)
