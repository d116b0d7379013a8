"""`vallum hub demo`: invented units on a hub."""

import asyncio
import signal
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from vallum.cli.hub_demo_documents import HubDemoDocument, NationFeed, NationSight
from vallum.cli.options import Common, a_seed, positive, whole
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, show
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from vallum.hub.demo.link import Endpoint
    from vallum.hub.demo.scene import Scene
    from vallum.hub.demo.show import Show
    from vallum.hub.demo.viewer import Sight

__all__ = ["demo"]

UNITS_EACH: Final = 10
NATIONS: Final = "EE,LV,LT"
FASTEST_S: Final = 0.1


@Parameter(name="*")
@dataclass(frozen=True)
class Elsewhere:
    """A hub elsewhere, and one nation that was given a certificate for it."""

    to: str | None = None
    "HOST:PORT of the TLS listener of a hub elsewhere; needs the four below, and shows one nation."
    nation: str | None = None
    "Nation of the certificate."
    cert: Path | None = None
    "PEM file of the certificate."
    key: Path | None = None
    "PEM file of its key."
    ca: Path | None = None
    "PEM file of the authority of the hub."


def demo(
    *,
    config: Path | None = None,
    units: Annotated[int | None, Parameter(converter=whole)] = None,
    nations: str | None = None,
    rate: Annotated[float, Parameter(validator=positive)] = 2.0,
    seconds: Annotated[float | None, Parameter(validator=positive)] = None,
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0,
    group: tuple[str, ...] = (),
    elsewhere: Elsewhere | None = None,
    common: Common | None = None,
) -> int:
    """Fill a hub with invented units that move on Baltic roads and sea lanes, until Ctrl-C.

    Without --config and --to everything is made for the occasion: a hub on this machine alone, its
    certificates, the units, and a viewer of each nation, whose views are shown side by side. Nothing of it
    stays. Exit code 1 if the hub was never reached.

    Parameters
    ----------
    config
        Configuration of a hub that runs on this machine; certificates for a day come from its own authority.
    units
        How many in all; ten for each nation unless given.
    nations
        Out of EE, LV and LT, separated by commas; all three unless given.
    rate
        Seconds between two positions of a unit.
    seconds
        For how long; until Ctrl-C unless given.
    seed
        Another seed gives other ways and speeds.
    group
        Group of the units on the hub of --config; may be given again.
    """
    common, elsewhere = common or Common(), elsewhere or Elsewhere()
    from vallum.hub.demo.scene import scene
    from vallum.hub.demo.show import check_rate

    check_options(config, nations, rate, group, elsewhere)
    if elsewhere.nation is None:
        named = split(NATIONS if nations is None else nations)
    else:
        named = (elsewhere.nation.strip().upper(),)
    count = UNITS_EACH * len(named) if units is None else units
    played = scene(seed, count, named)
    check_rate(count, len(named), rate)
    if config is not None:
        made, sights = asyncio.run(to_own_hub(config, played, rate, seconds, group))
    elif elsewhere.to is not None:
        made, sights = asyncio.run(to_hub_elsewhere(elsewhere, played, rate, seconds))
    else:
        made, sights = asyncio.run(self_contained(played, rate, seconds))
    if common.json:
        emit(document_of(made, sights, seed))
    else:
        from vallum.cli.hub_demo_display import feeds_table, picture

        show(*(picture(made, sights) if sights else [feeds_table(made)]))
    return OK if any(feed.connections for feed in made.feeds) else NO


def check_options(
    config: Path | None, nations: str | None, rate: float, group: tuple[str, ...], elsewhere: Elsewhere
) -> None:
    """Refuse options that do not go together."""
    needed = {name: getattr(elsewhere, name) for name in ("nation", "cert", "key", "ca")}
    missing = [f"--{name}" for name, value in needed.items() if value is None]
    wrong = ""
    if elsewhere.to is None:
        if len(missing) < len(needed):
            wrong = "--nation, --cert, --key and --ca are for --to"
        elif group and config is None:
            wrong = "--group is for --config"
    elif config is not None or nations is not None or group:
        wrong = "--to goes with none of --config, --nations, --group"
    elif missing:
        wrong = f"--to needs {', '.join(missing)} as well"
    if wrong:
        raise BadInput(wrong, "vallum hub demo", "options", "See: vallum hub demo --help.")
    if rate < FASTEST_S:
        raise BadInput(f"it must be at least {FASTEST_S} s", "--rate", "rate", "Give more seconds.")


def split(nations: str) -> tuple[str, ...]:
    """Read nations that are separated by commas."""
    return tuple(word.strip().upper() for word in nations.split(",") if word.strip())


async def self_contained(scene: "Scene", rate: float, seconds: float | None) -> "tuple[Show, list[Sight]]":
    """Make a hub, show the scene on it and to a viewer of each nation, and let all of it go."""
    from vallum.hub.demo.show import Show
    from vallum.hub.demo.stage import stage
    from vallum.hub.operate import logs

    outlet = logs.open_outlet()
    logs.configure(outlet, form="text", level="error")
    try:
        with tempfile.TemporaryDirectory(prefix="vallum-demo-") as folder:
            async with stage(Path(folder), scene.nations, datetime.now(UTC)) as made:
                endpoints = dict.fromkeys(scene.nations, made.endpoint)
                playing = Show(scene, rate, endpoints, made.senders, made.viewers)
                intro = (
                    f"A hub of its own on {made.endpoint}, {len(scene.units)} invented units of "
                    f"{', '.join(scene.nations)}, a viewer of each nation. {ending(seconds)}"
                )
                return playing, await play(playing, intro, seconds)
    finally:
        logs.unconfigure()
        outlet.close()


async def to_own_hub(
    config: Path, scene: "Scene", rate: float, seconds: float | None, groups: tuple[str, ...]
) -> "tuple[Show, list[Sight]]":
    """Show the scene on a hub of this machine."""
    from vallum.hub.demo.certificates import identities
    from vallum.hub.demo.show import Show
    from vallum.hub.demo.stage import endpoints_of

    now = datetime.now(UTC)
    pki, endpoints = endpoints_of(config, scene.nations, now)
    port = endpoints[scene.nations[0]].port
    senders, _ = identities(pki, scene.nations, now=now, groups=frozenset(groups) or None, port=port)
    playing = Show(scene, rate, endpoints, senders)
    nation = scene.nations[0]
    in_groups = "".join(f" --group {name}" for name in groups)
    intro = (
        f"{len(scene.units)} invented units of {', '.join(scene.nations)} on {endpoints[nation]}, every "
        f"{rate:g} s. Watch them with any TAK client, which is let in with the package that is made by: "
        f"vallum pki user NAME --nation {nation}{in_groups} --dir {pki}. {ending(seconds)}"
    )
    return playing, await play(playing, intro, seconds)


async def to_hub_elsewhere(
    elsewhere: Elsewhere, scene: "Scene", rate: float, seconds: float | None
) -> "tuple[Show, list[Sight]]":
    """Show one nation's part of the scene on a hub elsewhere."""
    from vallum.hub.demo.link import Identity
    from vallum.hub.demo.show import Show

    endpoint = endpoint_of(elsewhere.to or "")
    nation = scene.nations[0]
    files = [file for file in (elsewhere.cert, elsewhere.key, elsewhere.ca) if file is not None]
    identity = Identity(f"demo-{nation}", nation, *files)
    playing = Show(scene, rate, {nation: endpoint}, {nation: identity})
    intro = (
        f"{len(scene.units)} invented units of {nation} on {endpoint}, every {rate:g} s. {ending(seconds)}"
    )
    return playing, await play(playing, intro, seconds)


def endpoint_of(text: str) -> "Endpoint":
    """Read HOST:PORT."""
    from vallum.hub.demo.link import Endpoint

    host, _, digits = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not digits.isascii() or not digits.isdigit() or not 1 <= int(digits) <= 65535:
        raise BadInput("is no HOST:PORT", f"--to {text[:80]!r}", "address", "Such as hub.example.org:8089.")
    return Endpoint(host, int(digits), host)


def ending(seconds: float | None) -> str:
    """Say when it ends."""
    return "Ctrl-C ends it." if seconds is None else f"It ends after {seconds:g} s, or with Ctrl-C."


async def play(playing: "Show", intro: str, seconds: float | None) -> "list[Sight]":
    """Play until the time is over or the user ends it, which is no error."""
    from vallum.cli.hub_demo_display import Display

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, playing.stop.set)
    with Display(playing) as display:
        display.say(intro)
        return await playing.run(display.say, display.tell, seconds)


def document_of(playing: "Show", sights: "list[Sight]", seed: int) -> HubDemoDocument:
    """Return the outcome as the document that `--json` writes."""
    return HubDemoDocument(
        seconds=round(playing.seconds, 3),
        seed=seed,
        self_contained=bool(sights),
        feeds=[
            NationFeed(
                nation=feed.programme.post.nation,
                hub=str(feed.endpoint),
                units=len(feed.programme.units),
                events=feed.sent,
                connections=feed.connections,
            )
            for feed in playing.feeds
        ],
        viewers=[NationSight(**asdict(sight)) for sight in sights],
    )
