"""A hub that runs in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from tests.hub.conftest import SECONDS
from tests.hub.marti.conftest import Bench, bench


@contextmanager
def served(folder: Path, **settings: Any) -> Iterator[tuple[Bench, asyncio.AbstractEventLoop]]:
    """Run a bench in a thread; yields it and its loop, through which alone it may be touched."""
    ready: Future[tuple[Bench, asyncio.AbstractEventLoop]] = Future()
    stop = asyncio.Event()

    async def work() -> None:
        async with bench(folder, **settings) as site:
            ready.set_result((site, asyncio.get_running_loop()))
            await stop.wait()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(work())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=run, name="hub", daemon=True)
    thread.start()
    try:
        site, loop = ready.result(SECONDS)
        yield site, loop
    finally:
        if ready.done() and ready.exception() is None:
            ready.result()[1].call_soon_threadsafe(stop.set)
        thread.join(SECONDS)
