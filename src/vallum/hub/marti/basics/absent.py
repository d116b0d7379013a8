"""What TAK clients ask for and this hub does not have: an honest empty answer each, or a refusal.

One table; to build one of these things is to take its row out.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from starlette.responses import Response

from vallum.hub.marti.answer import Answer, Refusal, answer, json
from vallum.hub.marti.operation import Call, Operation

__all__ = ["OPERATIONS"]

_AREA: Final = "absent"
_API: Final = "/Marti/api"

_EMPTY_LISTS: Final = (
    # path, type of its elements as clients know it, what there is none of
    ("iconset/all/uid", "java.lang.String", "Icon sets: clients bring their own"),
    ("injectors/cot/uid", "Injector", "Injectors: the hub changes no event"),
    ("injectors/cot/uid/{uid}", "Injector", "Injectors of a uid: the hub changes no event"),
    ("repeater/list", "Repeatable", "Repeated alerts: an alert is in the picture until it is cancelled"),
    ("plugins/info/all", "PluginInfo", "Plugins"),
    ("federates", "Federate", "Federates: hubs are joined by a bus of their own"),
    ("outgoingconnections", "ConnectionStatus", "Connections to federates"),
    ("activefederations", "ActiveConnection", "Federates that are connected"),
    ("device/profile", "Profile", "Profiles beside the one of a connection"),
)
_EMPTY_FILES: Final = (
    ("device/profile/tool/{tool}", "Profile of a tool"),
    ("tls/profile/tool/{tool}/file", "Files of a tool's profile"),
)
_CERTIFICATES: Final = (
    "certificates are not told or changed over HTTPS",
    "Whoever runs the hub does it on its machine: vallum pki list, vallum pki revoke.",
)
_SETTINGS: Final = (
    "settings are not told over HTTPS",
    "Whoever runs the hub finds them in hub.toml.",
)
_REFUSED: Final[tuple[tuple[Literal["GET", "POST", "DELETE"], str, str, tuple[str, str]], ...]] = (
    # method, path, summary, reason and remedy
    ("GET", f"{_API}/certadmin/cert", "Certificates", _CERTIFICATES),
    ("GET", f"{_API}/certadmin/cert/revoked", "Revoked certificates", _CERTIFICATES),
    ("GET", f"{_API}/certadmin/cert/replaced", "Replaced certificates", _CERTIFICATES),
    ("GET", f"{_API}/certadmin/cert/expired", "Expired certificates", _CERTIFICATES),
    ("GET", f"{_API}/certadmin/cert/{{hash}}", "A certificate", _CERTIFICATES),
    ("DELETE", f"{_API}/certadmin/cert/{{hash}}", "Revoke a certificate", _CERTIFICATES),
    ("GET", f"{_API}/certadmin/cert/{{hash}}/download", "A certificate as a file", _CERTIFICATES),
    ("DELETE", f"{_API}/certadmin/cert/revoke/{{ids}}", "Revoke certificates", _CERTIFICATES),
    ("DELETE", f"{_API}/certadmin/cert/delete/{{ids}}", "Delete certificates", _CERTIFICATES),
    ("GET", f"{_API}/security/config", "Key stores and their passwords", _SETTINGS),
    ("GET", f"{_API}/authentication/config", "The directory of users", _SETTINGS),
    ("POST", f"{_API}/injectors/cot/uid", "Add an injector",
     ("the hub changes no event", "Let the sender put the detail into its events.")),
    ("POST", f"{_API}/repeater/period", "How often alerts are repeated",
     ("the hub repeats no alert", "None is needed: whoever connects is sent those that last.")),
    ("POST", "/locate/api", "Say where somebody without a client is",
     ("positions come from clients that have a certificate", "Enrol a device, or send it as an event.")),
)  # fmt: skip


def _no_elements(kind: str) -> Callable[[Call], Awaitable[Response]]:
    async def handler(_: Call) -> Response:
        return answer(kind, [])

    return handler


def _refusing(reason: str, remedy: str) -> Callable[[Call], Awaitable[Response]]:
    async def handler(_: Call) -> Response:
        raise Refusal(403, reason, rule="not on this hub", remedy=remedy)

    return handler


async def _no_file(_: Call) -> Response:
    return Response(status_code=204)


async def _no_period(_: Call) -> Response:
    return json(0)


async def _not_there(_: Call) -> Response:
    raise Refusal(404, "path: there is none of this name", rule="not on this hub")


_NONE: Final = Answer[list[Any]]

OPERATIONS: Final = (
    *(Operation("GET", f"{_API}/{path}", _no_elements(kind), f"{what} (none)", _AREA, answer=_NONE)
      for path, kind, what in _EMPTY_LISTS),
    *(Operation("GET", f"{_API}/{path}", _no_file, f"{what} (none)", _AREA, status=204)
      for path, what in _EMPTY_FILES),
    *(Operation(method, path, _refusing(*why), f"{what} (refused)", _AREA)
      for method, path, what, why in _REFUSED),
    Operation("DELETE", f"{_API}/injectors/cot/uid", _no_elements("Injector"), "Remove an injector (none)",
              _AREA, answer=_NONE),
    Operation("GET", f"{_API}/repeater/period", _no_period, "How often alerts are repeated, ms (never)",
              _AREA, answer=int),
    Operation("GET", f"{_API}/repeater/remove/{{uid}}", _not_there, "End a repeated alert (none)", _AREA),
    Operation("GET", f"{_API}/device/profile/{{name}}/missionpackage", _not_there, "A profile (none)", _AREA),
)  # fmt: skip
