"""What tests of files have in common: packages, and how they are sent."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import aiohttp

from tests.hub.marti.conftest import USERS, Bench, Reply

MANIFEST = (
    '<MissionPackageManifest version="2"><Configuration>'
    '<Parameter name="uid" value="{uid}"/><Parameter name="name" value="{name}"/></Configuration>'
    '<Contents><Content ignore="false" zipEntry="maps/one.kml"><Parameter name="uid" value="ONE"/></Content>'
    "</Contents></MissionPackageManifest>"
)


def only(*names: str) -> dict[str, tuple[str, str]]:
    """Some of the users: each takes a while to make."""
    return {name: USERS[name] for name in names}


def package(name: str = "Õppus", uid: str = "PACKAGE", body: bytes = b"<kml/>") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("MANIFEST/manifest.xml", MANIFEST.format(uid=uid, name=name))
        archive.writestr("maps/one.kml", body)
    return made.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def send_package(site: Bench, data: bytes, user: str = "kadri", **query: Any) -> Reply:
    """Send a package as ATAK does."""
    form = aiohttp.FormData()
    kind = "application/x-zip-compressed"
    form.add_field("assetfile", io.BytesIO(data), filename="õppus.zip", content_type=kind)
    params = {"hash": sha256(data), "filename": "õppus.zip", "creatorUid": "ANDROID-1"} | query
    return await site.ask("/Marti/sync/missionupload", user, "POST", params=params, data=form)


async def send_file(site: Bench, data: Any, user: str = "kadri", **query: Any) -> Reply:
    """Send a file as node-tak does."""
    params = {"name": "note.txt", "keywords": "a,b", "creatorUid": "ANDROID-1"} | query
    return await site.ask("/Marti/sync/upload", user, "POST", params=params, data=data)


async def fetch(site: Bench, digest: str, user: str = "kadri", **more: Any) -> Reply:
    return await site.ask(f"/Marti/sync/content?hash={digest}", user, **more)


def kept(folder: Path) -> list[str]:
    """Names of all that lies in the folder of files, whole or not."""
    return sorted(one.name for one in (folder / "files").rglob("*") if one.is_file())
