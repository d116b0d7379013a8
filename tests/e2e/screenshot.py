"""Photograph the report of a plan folder: `python -m tests.e2e.screenshot DIR [OUT.png]`.

Renders the report of DIR and writes docs/figures/report.png, or OUT.png. More pictures on demand: `--width`,
`--full` (the whole page), `--section KEY` (one section), `--dark`, `--pdf OUT.pdf`. docs/figures/fiscal.png is
`--section fiscal-debt` of a plan with its fiscal outlook, docs/figures/line.png is `--section works-map` of works,
docs/figures/sky.png is `--section sky-minutes` of sensors.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from vallum.report import render

OUT = Path(__file__).resolve().parents[2] / "docs" / "figures" / "report.png"
#: Pixels beside a section, where the labels at the ends of an axis reach.
MARGIN = 24
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def photograph(
    page: Path,
    out: Path,
    width: int,
    height: int,
    full: bool,
    section: str | None,
    dark: bool,
    pdf: Path | None,
) -> None:
    """Open a report in Chromium and write its picture."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            device_scale_factor=1,
        )
        tab.goto(page.as_uri())
        clip = None
        if section is not None:
            box = tab.locator(f"#{section}").bounding_box()
            clip = {
                "x": box["x"] - MARGIN, "y": box["y"], "width": box["width"] + 2 * MARGIN, "height": box["height"]
            }  # fmt: skip
        tab.screenshot(path=out, full_page=full or clip is not None, clip=clip)
        if pdf is not None:
            tab.pdf(path=pdf, prefer_css_page_size=True, print_background=True)
        browser.close()


def main() -> None:
    """Read the arguments and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="plan folder")
    parser.add_argument("out", type=Path, nargs="?", default=OUT, help="picture to write")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1500)
    parser.add_argument("--full", action="store_true", help="the whole page")
    parser.add_argument("--section", help="key of the section")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--pdf", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = render(given.directory, Path(folder) / "report.html")
        given.out.parent.mkdir(parents=True, exist_ok=True)
        photograph(
            page, given.out, given.width, given.height, given.full, given.section, given.dark, given.pdf
        )
    sys.stdout.write(f"{given.out}\n")


if __name__ == "__main__":
    main()
