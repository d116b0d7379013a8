"""What a measurement was made with: machine, versions, commit and command."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def processor() -> str:
    """Name of the processor, as the machine tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """Short name of the commit, with a plus sign when files differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "no commit"


def load() -> str:
    """How busy the machine was when the measurement began."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"


def heading(*packages: str) -> str:
    """Lines that stand above a table of measurements."""
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("vallum", "highspy", "numpy", "polars", *packages)
    )
    command = " ".join(["python", *[a if " " not in a else f"'{a}'" for a in sys.argv]])
    python = platform.python_version()
    return "\n".join(
        (
            f"* machine: {processor()}, {os.cpu_count()} cores, load {load()}; Python {python}",
            f"* versions: {versions}",
            f"* commit: {commit()}",
            f"* command: `{command}`",
            "",
        )
    )
