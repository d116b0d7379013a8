"""How each route of the corpus is called sensibly: what has to be there before, and with which parameters."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.hub.conftest import StreamClient, event, presence, until
from tests.hub.marti.conftest import Bench, Reply
from vallum.hub.pki import credentials
from vallum.hub.pki.folder import Folder

UID = "KADRI-1"
PASSWORD = "a good long password"  # noqa: S105


@dataclass
class Ask:
    """One request, but for its method; `empty` if the right answer has nothing in it."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    name: str | None = "kadri"
    more: dict[str, Any] = field(default_factory=dict)
    empty: bool = False


class World:
    """A hub with people, events, files and missions in it."""

    def __init__(self, site: Bench) -> None:
        self.site = site
        self.made = 0
        self.streams: list[StreamClient] = []

    async def begin(self) -> None:
        """Have two people present, one of whom has left a mark, and one who may enrol."""
        give_password(self.site, "aino")
        for name, uid in (("kadri", UID), ("mart", "MART-1")):
            stream = await self.site.stream(name)
            self.streams.append(stream)
            await stream.send(presence(uid))
        await self.streams[1].send(event("MARK-1", "a-u-G"))
        await until(lambda: len(self.site.hub.router.sessions) == 2)
        await self.streams[0].get("MARK-1")

    async def end(self) -> None:
        for stream in self.streams:
            await stream.close()

    def number(self) -> int:
        self.made += 1
        return self.made

    async def ask(self, path: str, method: str, **more: Any) -> Reply:
        reply = await self.site.ask(path, "kadri", method, **more)
        assert 200 <= reply.status < 300, (method, path, reply.status, reply.body)
        return reply

    async def package(self) -> str:
        """Upload a data package and return its hash."""
        content = package(f"package {self.number()}")
        hashed = hashlib.sha256(content).hexdigest()
        query = {"hash": hashed, "filename": "plan.zip", "creatorUid": UID}
        await self.ask("/Marti/sync/missionupload", "POST", params=query, data=form(content))
        return hashed

    async def mission(self) -> dict[str, str]:
        """Make a mission and return the names of its path."""
        name = f"Mission {self.number()}"
        reply = await self.ask(f"/Marti/api/missions/{quote(name)}", "POST", params={"creatorUid": UID})
        await self.ask(f"/Marti/api/missions/{quote(name)}/subscription", "PUT", params={"uid": UID})
        return {"name": name, "guid": reply.data[0]["guid"]}

    async def full_mission(self) -> dict[str, str]:
        """Make a mission with a file, an event, a layer, a log entry and an invitation in it."""
        one = await self.mission()
        path = f"/Marti/api/missions/{quote(one['name'])}"
        one["hash"] = await self.package()
        await self.ask(f"{path}/contents", "PUT", json={"hashes": [one["hash"]], "uids": ["MARK-1"]})
        one["layer"] = await self.layer(one)
        one["log"] = await self.log(one)
        await self.ask(f"{path}/invite/clientUid/MART-1", "PUT", params={"creatorUid": UID})
        return one

    async def layer(self, mission: dict[str, str]) -> str:
        uid = f"LAYER-{self.number()}"
        query = {"name": "Roads", "type": "UID", "uid": uid, "creatorUid": UID}
        await self.ask(f"/Marti/api/missions/{quote(mission['name'])}/layers", "PUT", params=query)
        return uid

    async def log(self, mission: dict[str, str]) -> str:
        body = {"content": "seen", "creatorUid": UID, "missionNames": [mission["name"]]}
        reply = await self.ask("/Marti/api/missions/logs/entries", "POST", json=body)
        return str(reply.data["id"])

    async def video(self) -> str:
        uid = f"video-{self.number()}"
        await self.ask("/Marti/api/video", "POST", json={"videoConnections": [connection(uid)]})
        return uid


def give_password(site: Bench, name: str) -> None:
    """Let a user log in and enrol with `PASSWORD`."""
    folder = Folder(site.folder / "pki")
    with folder.locked():
        kept = credentials.load(folder)
        kept.set_password(name, PASSWORD)
        credentials.save(folder, kept)


def form(content: bytes) -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field("assetfile", content, filename="plan.zip", content_type="application/x-zip-compressed")
    return made


def package(name: str) -> bytes:
    """A data package as ATAK writes it."""
    manifest = (
        '<MissionPackageManifest version="2"><Configuration>'
        f'<Parameter name="uid" value="{name}"/><Parameter name="name" value="{name}"/></Configuration>'
        '<Contents><Content ignore="false" zipEntry="a/readme.txt"/></Contents></MissionPackageManifest>'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("MANIFEST/manifest.xml", manifest)
        archive.writestr("a/readme.txt", name)
    return made.getvalue()


def connection(uid: str) -> dict[str, Any]:
    feed = {"uuid": f"{uid}-feed", "active": True, "alias": "gate", "url": "rtsp://192.0.2.1:554/gate"}
    return {"uuid": uid, "active": True, "alias": "gate", "feeds": [feed]}


def signing_request() -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aino")])
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


Recipe = Callable[[World], Awaitable[Ask]]
RECIPES: dict[tuple[str, str], Recipe] = {}
"""By method and path; a mission's paths stand once, under its name."""


def recipe(method: str, *paths: str) -> Callable[[Recipe], Recipe]:
    def keep(made: Recipe) -> Recipe:
        RECIPES.update({(method, path): made for path in paths})
        return made

    return keep


def recipe_of(method: str, path: str) -> Recipe:
    return RECIPES[method, path.replace("/missions/guid/{guid}", "/missions/{name}")]


def plain(method: str, path: str, **query: Any) -> None:
    """Call a path that needs nothing but a query."""

    async def make(_: World) -> Ask:
        return Ask(
            {name: "nothing" for name in ("uid", "hash", "ids", "tool") if f"{{{name}}}" in path}, query
        )

    RECIPES[method, path] = make


def as_admin(method: str, path: str, **query: Any) -> None:
    async def make(_: World) -> Ask:
        return Ask({"hash": "0" * 64, "ids": "1"}, query, "ülem")

    RECIPES[method, path] = make


def as_enrolling(method: str, path: str, *, signs: bool = False, **query: Any) -> None:
    async def make(_: World) -> Ask:
        shown = base64.b64encode(f"aino:{PASSWORD}".encode()).decode()
        more: dict[str, Any] = {"headers": {"Authorization": f"Basic {shown}"}}
        if signs:
            more["data"] = signing_request()
        return Ask({"tool": "nothing"}, query, None, more)

    RECIPES[method, path] = make


as_enrolling("GET", "/Marti/api/tls/config")
as_enrolling("POST", "/Marti/api/tls/signClient/v2", signs=True, clientUid="AINO-1", version="3")
as_enrolling("POST", "/Marti/api/tls/signClient", signs=True, clientUid="AINO-1")
as_enrolling("GET", "/Marti/api/tls/profile/enrollment", clientUid="AINO-1")
as_enrolling("GET", "/Marti/api/tls/profile/tool/{tool}/file", clientUid="AINO-1", relativePath="/a")
as_enrolling("POST", "/locate/api", latitude="59.4", longitude="24.7", name="x", remarks="y")
plain("GET", "/Marti/api/device/profile/connection", syncSecago="0", clientUid=UID)
plain("GET", "/Marti/api/device/profile/tool/{tool}", syncSecago="0", clientUid=UID)
plain("GET", "/Marti/api/version")
plain("GET", "/Marti/api/version/config")
plain("GET", "/Marti/api/clientEndPoints", secAgo="0", showCurrentlyConnectedClients="true")
plain("GET", "/Marti/api/contacts/all", sortBy="CALLSIGN", direction="ASCENDING", noFederates="false")
plain("GET", "/Marti/api/subscriptions/all", sortBy="CALLSIGN", direction="ASCENDING", page="-1", limit="-1")
plain("GET", "/Marti/api/iconset/all/uid")
plain("GET", "/Marti/api/injectors/cot/uid")
plain("GET", "/Marti/api/injectors/cot/uid/{uid}")
plain("DELETE", "/Marti/api/injectors/cot/uid", uid="MART-1", toInject="<a/>")
plain("GET", "/Marti/api/repeater/list")
plain("GET", "/Marti/api/repeater/period")
plain("GET", "/Marti/api/repeater/remove/{uid}")
plain("GET", "/Marti/api/security/verifyConfig")
plain("GET", "/Marti/api/security/isSecure")
plain("GET", "/Marti/api/groups/all", useCache="true", sendLatestSA="true")
plain("GET", "/files/api/config")
as_admin("GET", "/Marti/api/security/config")
as_admin("GET", "/Marti/api/authentication/config")
as_admin("GET", "/Marti/api/certadmin/cert", username="kadri")
as_admin("GET", "/Marti/api/certadmin/cert/revoked")
as_admin("GET", "/Marti/api/certadmin/cert/replaced")
as_admin("GET", "/Marti/api/certadmin/cert/expired")
as_admin("GET", "/Marti/api/certadmin/cert/{hash}")
as_admin("GET", "/Marti/api/certadmin/cert/{hash}/download")
as_admin("DELETE", "/Marti/api/certadmin/cert/{hash}")
as_admin("DELETE", "/Marti/api/certadmin/cert/revoke/{ids}")
as_admin("DELETE", "/Marti/api/certadmin/cert/delete/{ids}")


@recipe("POST", "/oauth/token")
async def login(_: World) -> Ask:
    return Ask({}, {"grant_type": "password", "username": "aino", "password": PASSWORD}, None)


@recipe("GET", "/Marti/api/cot/xml/{uid}", "/Marti/api/cot/xml/{uid}/all")
async def events(_: World) -> Ask:
    return Ask({"uid": "MARK-1"}, {})


@recipe("POST", "/Marti/api/injectors/cot/uid")
async def inject(_: World) -> Ask:
    return Ask(more={"json": {"uid": "MART-1", "toInject": "<a/>"}})


@recipe("POST", "/Marti/api/repeater/period")
async def repeat(_: World) -> Ask:
    return Ask(more={"json": 1000})


@recipe("POST", "/Marti/ExportMissionKML")
async def export(_: World) -> Ask:
    hour, now = timedelta(hours=1), datetime.now(UTC)
    times = {"startTime": (now - hour).isoformat(), "endTime": (now + hour).isoformat()}
    return Ask(more={"data": times | {"groups": "__ANON__", "format": "kml"}})


@recipe("PUT", "/Marti/api/groups/active")
async def active(world: World) -> Ask:
    listed = (await world.ask("/Marti/api/groups/all", "GET", params={"useCache": "true"})).data
    return Ask({}, {"clientUid": UID}, more={"json": listed})


@recipe("GET", "/Marti/sync/search")
async def search(world: World) -> Ask:
    await world.package()
    return Ask({}, {"keywords": "missionpackage", "tool": "public"})


@recipe("GET", "/Marti/sync/missionquery", "/Marti/sync/content")
@recipe("DELETE", "/Marti/sync/delete")
async def by_hash(world: World) -> Ask:
    return Ask({}, {"hash": await world.package()})


@recipe("GET", "/Marti/sync/{hash}/metadata")
async def metadata(world: World) -> Ask:
    return Ask({"hash": await world.package()})


@recipe("DELETE", "/Marti/api/files/{hash}")
async def delete_as_admin(world: World) -> Ask:
    return Ask({"hash": await world.package()}, name="ülem")


@recipe("GET", "/Marti/api/sync/search", "/Marti/api/files/metadata/count")
async def files(world: World) -> Ask:
    await world.package()
    return Ask()


@recipe("POST", "/Marti/sync/missionupload")
async def upload_package(world: World) -> Ask:
    content = package(f"package {world.number()}")
    query = {"hash": hashlib.sha256(content).hexdigest(), "filename": "p.zip", "creatorUid": UID}
    return Ask({}, query, more={"data": form(content)})


@recipe("PUT", "/Marti/api/sync/metadata/{hash}/tool")
async def tool(world: World) -> Ask:
    return Ask({"hash": await world.package()}, more={"data": "private"})


@recipe("POST", "/Marti/sync/upload")
async def upload(_: World) -> Ask:
    query = {
        "name": "report.txt",
        "keywords": "a,b",
        "creatorUid": UID,
        "latitude": "59.4",
        "longitude": "24.7",
    }
    return Ask({}, query, more={"data": b"a report", "headers": {"Content-Type": "text/plain"}})


@recipe("GET", "/Marti/vcm")
@recipe("GET", "/Marti/api/video")
async def videos(world: World) -> Ask:
    await world.video()
    return Ask()


@recipe("POST", "/Marti/vcm")
async def publish_video(_: World) -> Ask:
    feed = (
        "<feed><protocol>rtsp</protocol><alias>gate</alias><uid>old-video</uid><address>192.0.2.1</address>"
    )
    more = "<port>554</port><path>/gate</path></feed>"
    return Ask(more={"data": f"<videoConnections>{feed}{more}</videoConnections>"})


@recipe("POST", "/Marti/api/video")
async def create_video(world: World) -> Ask:
    return Ask(more={"json": {"videoConnections": [connection(f"video-{world.number()}")]}})


@recipe("GET", "/Marti/api/video/{uid}")
@recipe("DELETE", "/Marti/api/video/{uid}")
async def one_video(world: World) -> Ask:
    return Ask({"uid": await world.video()})


@recipe("PUT", "/Marti/api/video/{uid}")
async def update_video(world: World) -> Ask:
    uid = await world.video()
    return Ask({"uid": uid}, more={"json": connection(uid) | {"alias": "west gate"}})


@recipe("GET", "/Marti/api/missions")
async def missions(world: World) -> Ask:
    await world.mission()
    return Ask({}, {"passwordProtected": "true", "defaultRole": "true"})


@recipe("DELETE", "/Marti/api/missions")
async def delete_by_guid(world: World) -> Ask:
    one = await world.mission()
    return Ask({}, {"guid": one["guid"], "creatorUid": UID})


@recipe("POST", "/Marti/api/missions/{name}")
async def create(world: World) -> Ask:
    query = {"creatorUid": UID, "description": "A trial", "tool": "public", "allowDupe": "false"}
    return Ask({"name": f"Mission {world.number()}"}, query)


@recipe("DELETE", "/Marti/api/missions/{name}")
@recipe("GET", "/Marti/api/missions/{name}/role")
async def one_mission(world: World) -> Ask:
    return Ask(await world.mission(), {"creatorUid": UID})


@recipe("GET", "/Marti/api/missions/{name}")
async def get_mission(world: World) -> Ask:
    return Ask(await world.full_mission(), {"changes": "true", "logs": "true"})


@recipe(
    "GET",
    *(
        f"/Marti/api/missions/{{name}}/{what}"
        for what in (
            "archive",
            "changes",
            "contacts",
            "cot",
            "invitations",
            "layers",
            "subscriptions",
            "subscriptions/roles",
        )
    ),
)
async def of_mission(world: World) -> Ask:
    return Ask(await world.full_mission())


@recipe("PUT", "/Marti/api/missions/{name}/keywords")
async def keywords(world: World) -> Ask:
    return Ask(await world.mission(), more={"json": ["exercise"]})


@recipe("PUT", "/Marti/api/missions/{name}/contents/missionpackage")
async def put_package(world: World) -> Ask:
    # What is answered are the conflicts.
    return Ask(await world.mission(), {"creatorUid": UID}, more={"data": package("in a mission")}, empty=True)


@recipe("PUT", "/Marti/api/missions/{name}/contents")
async def attach(world: World) -> Ask:
    return Ask(await world.mission(), more={"json": {"hashes": [await world.package()]}})


@recipe("DELETE", "/Marti/api/missions/{name}/contents")
async def detach(world: World) -> Ask:
    one = await world.full_mission()
    return Ask(one, {"hash": one["hash"]})


@recipe("PUT", "/Marti/api/missions/{name}/role")
async def set_role(world: World) -> Ask:
    one = await world.mission()
    path = f"/Marti/api/missions/{quote(one['name'])}/subscription"
    reply = await world.site.ask(path, "mart", "PUT", params={"uid": "MART-1"})
    assert reply.status == 201, reply.body
    return Ask(one, {"clientUid": "MART-1", "username": "mart", "role": "MISSION_READONLY_SUBSCRIBER"})


@recipe("GET", "/Marti/api/missions/{name}/subscription")
@recipe("PUT", "/Marti/api/missions/{name}/subscription")
@recipe("DELETE", "/Marti/api/missions/{name}/subscription")
async def subscription(world: World) -> Ask:
    return Ask(await world.mission(), {"uid": UID})


@recipe("PUT", "/Marti/api/missions/{name}/layers")
async def layer(world: World) -> Ask:
    return Ask(await world.mission(), {"name": "Roads", "type": "UID", "uid": "LAYER-NEW", "creatorUid": UID})


@recipe("PUT", "/Marti/api/missions/{name}/layers/{layerUid}/name")
async def rename(world: World) -> Ask:
    one = await world.full_mission()
    return Ask(one | {"layerUid": one["layer"]}, {"name": "Bridges", "creatorUid": UID})


@recipe("DELETE", "/Marti/api/missions/{name}/layers")
async def delete_layer(world: World) -> Ask:
    one = await world.full_mission()
    return Ask(one, {"uid": one["layer"], "creatorUid": UID})


@recipe("PUT", "/Marti/api/missions/{name}/invite/{type}/{invitee}")
async def invite(world: World) -> Ask:
    path = await world.mission() | {"type": "clientUid", "invitee": "MART-1"}
    return Ask(path, {"creatorUid": UID, "role": "MISSION_SUBSCRIBER"})


@recipe("DELETE", "/Marti/api/missions/{name}/invite/{type}/{invitee}")
async def uninvite(world: World) -> Ask:
    return Ask(await world.full_mission() | {"type": "clientUid", "invitee": "MART-1"}, {"creatorUid": UID})


@recipe("GET", "/Marti/api/missions/invitations")
async def invitations(world: World) -> Ask:
    await world.full_mission()
    return Ask({}, {"clientUid": "MART-1"}, "mart")


@recipe("POST", "/Marti/api/missions/logs/entries")
async def write_log(world: World) -> Ask:
    one = await world.mission()
    body = {
        "dtg": "2026-01-01T00:00:00Z",
        "content": "seen",
        "creatorUid": UID,
        "missionNames": [one["name"]],
    }
    return Ask(more={"json": body | {"keywords": ["k"]}})


@recipe("PUT", "/Marti/api/missions/logs/entries")
async def change_log(world: World) -> Ask:
    one = await world.full_mission()
    body = {"id": one["log"], "content": "seen twice", "creatorUid": UID, "missionNames": [one["name"]]}
    return Ask(more={"json": body})


@recipe("GET", "/Marti/api/missions/logs/entries/{id}")
@recipe("DELETE", "/Marti/api/missions/logs/entries/{id}")
async def one_log(world: World) -> Ask:
    return Ask({"id": (await world.full_mission())["log"]})


def filled(path: str, values: dict[str, str]) -> str:
    """Put values in the place of a path's names."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def empty(body: bytes) -> bool:
    """Whether an answer says nothing."""
    if not body:
        return True
    found = json.loads(body)
    return not (found["data"] if isinstance(found, dict) and "data" in found else found)
