"""The page of the first hub, run as it is written but for its ports and a shorter wait for the hub."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/how-to/first-hub.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 60


@pytest.fixture
def ports() -> dict[str, int]:
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return {port: one.getsockname()[1] for port, one in zip(("8089", "8443", "8446"), taken, strict=True)}


def test_the_page_runs_and_prints_what_it_says(tmp_path: Path, ports: dict[str, int]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    init, *rest = (text for kind, text in blocks if kind == "sh")
    # Elsewhere the ports may be taken, by another test or by a hub that is in use.
    edit = "".join(f"sed -i s/{old}/{new}/ hub.toml\n" for old, new in ports.items())
    script = "\n".join(["set -eu", init.replace("cd spring\n", f"cd spring\n{edit}"), *rest])
    assert "sleep 1;" in script
    script = script.replace("sleep 1;", "sleep 0.1;")
    expected = "\n".join(text for kind, text in blocks if kind == "text")
    for old, new in ports.items():
        script = script.replace(f"localhost:{old}", f"localhost:{new}").replace(f'", {old})', f'", {new})')
        expected = expected.replace(old, str(new))
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "200",
        },
        text=True,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    log = tmp_path / "spring/hub.log"
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log.exists() and log.read_text()}"
    lines = done.stdout.splitlines()
    for line in expected.splitlines():
        assert line in lines, f"{line!r} is not in\n{done.stdout}"
    sees = [line for line in lines if " sees " in line or line.startswith("callsign=")]
    assert sees == [
        line for line in expected.splitlines() if " sees " in line or line.startswith("callsign=")
    ]
    logged = log.read_text(encoding="utf-8")
    assert '"event": "stopped"' in logged
    assert "contact-7" not in logged
    assert "57.78" not in logged
