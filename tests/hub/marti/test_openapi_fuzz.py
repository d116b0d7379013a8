"""Every route as schemathesis asks it: sound and unsound requests of each role, and of those who are nobody."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hub.conftest import SECONDS
from tests.hub.marti.asked_routes import PASSWORD, UID, World
from tests.hub.marti.conftest import Bench
from tests.hub.marti.served import served
from vallum.hub.marti import enrolment
from vallum.hub.marti.openapi import PASSWORD as BY_PASSWORD
from vallum.hub.marti.openapi import document
from vallum.hub.marti.operation import Operation
from vallum.hub.marti.site import OPERATIONS

ROLES = {"viewer": "vaatleja", "member": "kadri", "admin": "ülem"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STATED = {"creatorUid": UID, "clientUid": UID, "uid": UID, "role": "MISSION_SUBSCRIBER", "copyName": "A copy"}
"""What a request about something that is there says."""
NO_HTTP = b"Invalid HTTP request received."
"""What the server says to bytes that are no request, before any operation has seen them."""
schemathesis.serializer.alias("application/pkcs10", "application/octet-stream")
BOUNDED = settings(
    max_examples=1,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def endangers(operation: Any) -> tuple[int, int, str]:
    """Order operations: those after which less is there come last, and of these the lesser ones first."""
    if operation.path.endswith(("/expiration", "/password")):
        return 2, 0, operation.label
    late = operation.method.upper() == "DELETE" or operation.path.endswith("/role")
    return int(late), -len(operation.path) if late else 0, operation.label


class Served:
    """A hub with something in it, and where to ask it."""

    def __init__(self, site: Bench, known: dict[str, str]) -> None:
        self.site = site
        self.known = known
        self.sessions: list[requests.Session] = []

    def session(self, name: str | None = None, password: str = "") -> requests.Session:
        made = requests.Session()
        self.sessions.append(made)
        made.trust_env = False
        made.verify = str(self.site.folder / "pki" / "ca.pem")
        if password:
            made.auth = (str(name), password)
        elif name is not None:
            key, certificate = self.site.issued[name].files[:2]
            made.cert = (str(certificate), str(key))
        return made

    def cases(self, operation: Any) -> list[st.SearchStrategy[Any]]:
        """Requests that are sound, that are about something there is, and that are not sound."""
        sound = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        if not (operation.query or operation.body or operation.path_parameters):
            return [sound]
        # Where every text is a sound one there is nothing unsound.
        unsound = sound | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        return [sound, sound.map(self.aimed), unsound]

    def aimed(self, case: schemathesis.Case) -> schemathesis.Case:
        """Turn a request to something that is there, and leave out what it need not say."""
        for name in self.known.keys() & (case.path_parameters or {}).keys():
            case.path_parameters[name] = self.known[name]
        known = {name: self.known[name] for name in ("guid", "hash", "layerUid")} | STATED
        case.query = {
            one.name: known.get(one.name, (case.query or {}).get(one.name))
            for one in case.operation.query
            if one.name in known or one.is_required
        }
        return case

    def wrongs(
        self, sessions: dict[str, requests.Session], listener: str, schema: dict[str, Any]
    ) -> list[str]:
        """Ask every operation, and return what is not as declared; what takes away comes last."""
        base = self.site.url("", listener)
        wrong: list[str] = []
        found = [one.ok() for one in schemathesis.openapi.from_dict(schema).get_all_operations()]
        for operation in sorted(found, key=endangers):
            for number, cases in enumerate(self.cases(operation)):
                self.ask(cases, number, base, sessions, wrong)
        return wrong

    def ask(
        self,
        cases: st.SearchStrategy[Any],
        number: int,
        base: str,
        sessions: dict[str, requests.Session],
        wrong: list[str],
    ) -> None:
        @seed(number)
        @BOUNDED
        @given(case=cases)
        def asked(case: schemathesis.Case) -> None:
            for who, one in sessions.items():
                response = case.call(base_url=base, session=one, verify=one.verify)
                if response.content == NO_HTTP:
                    continue
                try:
                    case.validate_response(response, checks=CHECKS)
                except FailureGroup as failures:  # those of the others are wanted, too
                    said = "; ".join(" ".join(str(each).split()) for each in failures.exceptions)
                    wrong.append(f"{case.operation.label} as {who}: {response.status_code}: {said}")

        asked()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    async def settle() -> dict[str, str]:
        await world.begin()
        one = await world.full_mission()
        parent = (await world.mission())["name"]
        more = {"layerUid": one["layer"], "id": one["log"], "uid": "MARK-1", "parent": parent}
        return one | more | {"type": "clientUid", "invitee": "MART-1"}

    with served(tmp_path_factory.mktemp("hub"), requests_per_s=1e6, burst=1e6) as (site, loop):
        world = World(site)
        made = Served(site, asyncio.run_coroutine_threadsafe(settle(), loop).result(SECONDS))
        yield made
        for one in made.sessions:
            one.close()
        asyncio.run_coroutine_threadsafe(world.end(), loop).result(SECONDS)


def test_every_role_gets_what_is_declared(hub: Served) -> None:
    sessions = {role: hub.session(name) for role, name in ROLES.items()}
    assert not hub.wrongs(sessions, "marti", document(OPERATIONS))


def test_those_without_a_certificate_get_what_is_declared(hub: Served) -> None:
    sessions = {"nobody": hub.session(), "user": hub.session("aino", PASSWORD)}
    assert not hub.wrongs(sessions, "enrolment", document(enrolment.OPERATIONS, security=BY_PASSWORD))


@pytest.mark.parametrize("operation", enrolment.OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_nobody_is_told_anything(hub: Served, operation: Operation) -> None:
    url = hub.site.url(operation.path.replace("{", "").replace("}", ""), "enrolment")
    reply = hub.session().request(operation.method, url)
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/json")
