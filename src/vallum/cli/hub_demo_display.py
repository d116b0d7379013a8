"""How `vallum hub demo` looks while it runs: a live picture on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vallum.cli.output import error_console, number, table

if TYPE_CHECKING:
    from vallum.hub.demo.show import Show
    from vallum.hub.demo.viewer import Sight

__all__ = ["Display", "feeds_table", "picture"]

CHAT_LINES: Final = 6
CAPTION: Final = (
    "Each row is one nation's own view of the same hub: units that it sees, of all there are. "
    "What is missing is withheld by the policy or by the event's own label."
)


class Display:
    """Shows a running demonstration on standard error; a context that is told when to look again.

    Parameters
    ----------
    show : Show
        The demonstration.
    console : Console, optional
        Where to write; standard error unless given.
    """

    def __init__(self, show: "Show", console: Console | None = None) -> None:
        self.show = show
        self.console = console or error_console()
        self.live = (
            Live(console=self.console, transient=True, refresh_per_second=4)
            if self.console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()

    def say(self, text: str) -> None:
        """Write one line for a person, above the live picture."""
        self.console.print(escape(text), soft_wrap=True)

    def tell(self) -> None:
        """Show the demonstration as it is now."""
        if self.live:
            viewed = picture(self.show, self.show.sights()) if self.show.viewers else [feeds_table(self.show)]
            self.live.update(Group(*viewed))
        else:
            self.say(line(self.show))


def line(show: "Show") -> str:
    """Return the state of a demonstration as one line."""
    counts = {nation: len(show.scene.of(nation)[1]) for nation in show.scene.nations}
    if not show.viewers:
        sent = "  ".join(f"{feed.programme.post.nation} {feed.sent:,}" for feed in show.feeds)
        return f"[{show.seconds:6.1f} s]  events sent: {sent}"
    parts = []
    for sight in show.sights():
        seen = ", ".join(f"{nation} {sight.units[nation]}/{counts[nation]}" for nation in counts)
        parts.append(f"{sight.nation} sees {seen}, chat {sight.chat}")
    return f"[{show.seconds:6.1f} s]  {'  |  '.join(parts)}"


def picture(show: "Show", sights: "list[Sight]") -> list[Table | Text]:
    """Return what each nation's viewer sees, and what was said last."""
    counts = {nation: len(show.scene.of(nation)[1]) for nation in show.scene.nations}
    shown = table(
        "viewer of", *(f">units of {nation}" for nation in counts), ">ground", ">sea", ">air",
        ">alerts", ">markers", ">videos", ">chat", ">latency, ms",
        title=f"What each nation sees after {show.seconds:.0f} s",
    )  # fmt: skip
    for sight in sights:
        shown.add_row(
            f"[bold]{sight.nation}[/]",
            *(share(sight.units[nation], count) for nation, count in counts.items()),
            *map(str, (sight.ground, sight.sea, sight.air)),
            f"[bold red]{sight.alerts}[/]" if sight.alerts else "0",
            *map(str, (sight.markers, sight.videos, sight.chat)),
            number(sight.latency_ms, 1),
        )
    said = [Text(f"  {words}", style="dim") for words in list(show.viewers[0].chat)[-CHAT_LINES:]]
    heading = [Text(f"\nChat, as {sights[0].nation} reads it", style="bold")] if said else []
    return [shown, Text(f"\n{CAPTION}", style="italic"), *heading, *said]


def share(seen: int, count: int) -> str:
    """Return how many are seen of all, in a colour that says how many."""
    colour = "green" if seen == count else "yellow" if seen else "red"
    return f"[{colour}]{seen} of {count}[/]"


def feeds_table(show: "Show") -> Table:
    """Return what each nation has sent and where to."""
    shown = table("nation", ">units", "hub", "", ">events sent", title=f"After {show.seconds:.0f} s")
    for feed in show.feeds:
        state = f"let in {'once' if feed.connections == 1 else f'{feed.connections} times'}"
        if not feed.connected and not show.stop.is_set():
            state = "[red]not connected[/]"
        shown.add_row(
            feed.programme.post.nation,
            str(len(feed.programme.units)),
            escape(str(feed.endpoint)),
            state,
            f"{feed.sent:,}",
        )
    return shown
