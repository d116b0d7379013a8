"""What the hub says of itself as time goes by, and of sessions that go while they are asked for."""

import asyncio
import io
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from vallum.hub.operate import control, logs


def test_a_service_manager_that_watches_hears_from_a_hub_that_runs(
    operate: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_EVERY_S", 0.01)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")

    async def check() -> None:
        async with operate(tmp_path) as run:
            heard = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(manager, 100), 5)
            assert heard == b"WATCHDOG=1"
            while run.control.lag.count < 2:
                await asyncio.sleep(0.01)
            assert (await run.status())["ready"]

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        asyncio.run(check())


def test_a_hub_that_nobody_watches_tells_nobody(
    operate: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_EVERY_S", 0.01)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)

    async def check() -> None:
        async with operate(tmp_path) as run:
            while run.control.lag.count < 3:
                await asyncio.sleep(0.01)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        asyncio.run(check())
        with pytest.raises(BlockingIOError):
            manager.recv(100)


def test_a_session_that_goes_while_its_groups_are_on_the_way_is_not_there(
    operate: Callable, connect: Callable, tmp_path: Path
) -> None:
    async def check() -> None:
        async with operate(tmp_path) as run:
            await connect(run, "EE")
            (session,) = run.hub.router.sessions
            body = b'{"out":[]}'
            reader, writer = await asyncio.open_unix_connection(str(run.control.path))
            writer.write(
                f"POST /sessions/{session.number}/groups HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body[:3]
            )
            # Answered behind the request above, which waits for its body by then.
            assert (await run.ask("POST", f"/sessions/{session.number}/cut"))[0] == 200
            writer.write(body[3:])
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            assert answer.split()[1] == b"404"
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == "no such session"

    asyncio.run(check())


class Stuck(io.StringIO):
    """A stream that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.free = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.free.wait()
        return super().write(text)


def test_a_hub_ends_although_nobody_takes_its_last_lines() -> None:
    stream = Stuck()
    outlet = logs.Outlet(stream, room=1)
    outlet.write("taken\n")
    assert stream.reached.wait(5)
    outlet.write("waits\n")
    outlet.write("too much\n")
    outlet.close(0.01)
    assert outlet.dropped == 1
    assert stream.getvalue() == ""
    stream.free.set()
    outlet.close(5)
    assert stream.getvalue() == "taken\nwaits\n"
