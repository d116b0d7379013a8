"""The hub as a process: its loop, its signals, and what happens in which order."""

import asyncio
import gc
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from vallum.hub.config import Config, read_config
from vallum.hub.operate import logs
from vallum.hub.operate.control import Control
from vallum.hub.operate.system import notify, raise_open_files
from vallum.hub.release import read_policy
from vallum.hub.server import Hub

__all__ = ["Opened", "run"]

log = structlog.get_logger("vallum.hub")

SPARE_FILES: Final = 64
"""Files that the hub needs beside its connections."""

_FORCED_S: Final = 2.0
_COLLECT_AFTER: Final = 50_000
"""Objects made and not let go."""
_COLLECT_S: Final = 60.0
_COLLECT_ENDED: Final = 100
"""Sessions that have ended since the last time."""

Opened = Callable[[Hub, Control], None]
"""Called when everything is open."""


def run(
    file: Path, opened: Opened, *, log_format: logs.LogFormat = "json", log_level: logs.LogLevel = "info"
) -> bool:
    """Run a hub until it is told to stop.

    Parameters
    ----------
    file : Path
        The configuration, hub.toml.
    opened : callable
        Called when everything is open.
    log_format : str
        ``json`` or ``text``.
    log_level : str
        The lowest level that is logged.

    Returns
    -------
    bool
        Whether it stopped in good order; False if a second signal forced it.

    Raises
    ------
    BadInput
        If something cannot be read or opened; nothing stays open then.
    """
    config = read_config(file)
    policy = read_policy(file.parent / config.policy)
    outlet = logs.open_outlet()
    logs.configure(outlet, form=log_format, level=log_level, positions=config.operate.log_positions)
    try:
        _check_files(config)
        hub = Hub(config, policy, file.parent)
        control = Control(hub, lambda: outlet.dropped)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(_serve(hub, control, opened))
    finally:
        outlet.close()
        logs.unconfigure()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes event loops: uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _check_files(config: Config) -> None:
    allowed = raise_open_files()
    if allowed < config.limits.connections + SPARE_FILES:
        log.warning("too few open files allowed", allowed=allowed, connections=config.limits.connections)


async def _serve(hub: Hub, control: Control, opened: Opened) -> bool:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.report_fault)
    told: asyncio.Queue[str] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.put_nowait, number.name)
    loop.add_signal_handler(signal.SIGHUP, _explain_hangup)
    # The control first: a hub that runs here already is found before any port is touched.
    await control.start()
    try:
        await hub.start()
    except BaseException:
        await control.stop()
        raise
    _calm_collector()
    collecting = asyncio.create_task(_collect(hub))
    try:
        opened(hub, control)
        notify("READY=1")
        log.info("started", name=hub.config.name, loop=type(loop).__module__)
        log.info("stopping", signal=await told.get())
    finally:
        notify("STOPPING=1")
        control.leaving = True
        collecting.cancel()
        ordered = await _stop(hub, control, told)
    log.info("stopped", ordered=ordered)
    return ordered


def _calm_collector() -> None:
    """Let Python look for cycles rarely.

    An event makes none, but makes so many objects that the collector would take a third of the time of a busy
    hub to find that out (benchmarks/results/hub.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


async def _collect(hub: Hub) -> None:
    """Collect what ended connections leave behind: they do make cycles, with large buffers in them."""
    collected, at = 0, time.monotonic()
    while True:
        await asyncio.sleep(_COLLECT_S / 12)
        ended = hub.router.counters.sessions - len(hub.router.sessions)
        now = time.monotonic()
        if ended - collected >= _COLLECT_ENDED or (ended > collected and now - at >= _COLLECT_S):
            gc.collect()
            collected, at = ended, now


async def _stop(hub: Hub, control: Control, told: "asyncio.Queue[str]") -> bool:
    """Stop both, at once if the hub is told a second time; return whether it had its time."""
    stopping = asyncio.create_task(_stop_both(hub, control))
    forced = asyncio.create_task(told.get())
    await asyncio.wait((stopping, forced), return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        forced.cancel()
        stopping.result()
        return True
    for peer in list(hub.shared.peers):
        peer.transport.abort()
    stopping.cancel()
    await asyncio.wait((stopping,), timeout=_FORCED_S)
    return False


async def _stop_both(hub: Hub, control: Control) -> None:
    try:
        await hub.stop()
    finally:
        await control.stop()


def _explain_hangup() -> None:
    log.warning(
        "nothing is read again",
        signal="SIGHUP",
        remedy="Certificates are read again by themselves; restart the hub for hub.toml and policy.toml.",
    )
