"""Draws docs/figures/hub_demo.svg: what `vallum hub demo` shows on a terminal after some seconds.

    python scripts/hub_demo_figure.py [SECONDS]

It runs the demonstration for so long (32 s unless given), and draws what each nation's viewer then sees.
"""

import asyncio
import io
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console, Group
from rich.padding import Padding
from rich.terminal_theme import TerminalTheme

from vallum.cli.hub_demo import UNITS_EACH
from vallum.cli.hub_demo_display import picture
from vallum.hub.demo.places import NATIONS
from vallum.hub.demo.scene import scene
from vallum.hub.demo.show import Show
from vallum.hub.demo.stage import stage
from vallum.hub.operate import logs

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "hub_demo.svg"
WIDTH = 128
SECONDS = 32.0

#: As rich's own format, without the window and without the font that it would load from the network.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="{terminal_width}" height="{terminal_height}" rx="8" fill="#1d2129"/>
<g transform="translate(0, 8)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

THEME = TerminalTheme(
    (29, 33, 41),
    (214, 218, 226),
    [(29, 33, 41), (240, 110, 110), (126, 211, 126), (235, 203, 110),
     (120, 170, 240), (200, 150, 230), (110, 200, 210), (214, 218, 226)],
)  # fmt: skip


async def seen(seconds: float) -> Show:
    """Run the demonstration."""
    played = scene(0, UNITS_EACH * len(NATIONS), NATIONS)
    with tempfile.TemporaryDirectory() as folder:
        async with stage(Path(folder), NATIONS, datetime.now(UTC)) as made:
            show = Show(played, 2.0, dict.fromkeys(NATIONS, made.endpoint), made.senders, made.viewers)
            console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
            sights = await show.run(print, lambda: None, seconds)
            console.print(Padding(Group(*picture(show, sights)), (0, 2, 1, 2)), highlight=False)
            drawn = console.export_svg(theme=THEME, code_format=FORMAT, unique_id="hub-demo")
    FIGURE.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n", encoding="utf-8")
    return show


if __name__ == "__main__":
    outlet = logs.open_outlet()
    logs.configure(outlet, form="text", level="error")
    asyncio.run(seen(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
    outlet.close()
