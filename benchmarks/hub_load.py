"""Conformance, load, storm and malformed input of the hub, beside taky in the same run.

    python benchmarks/hub_load.py [--quick] [--only NAME,…] [--taky PYTHON] --out FILE.jsonl

Uses the neutral tester beside it, `cotload.py`. `--taky` names a Python that has taky from the package
registry.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import hub_place
import machine

TESTER = Path(__file__).with_name("cotload.py")
#: Limits out of the way of a load test from one address and one certificate.
OPEN = "events_per_s = 100000.0\nburst = 100000.0\nbytes_per_s = 1e9"
#: What one publisher may send if fifty readers in one Python process are to keep up.
PACED = "events_per_s = 4500.0\nburst = 4500.0\nbytes_per_s = 1e9"

#: Name: (tester's arguments, over TLS, limits, quick run too)
RUNS: dict[str, tuple[list[str], bool, str, bool]] = {
    "conf": (["conf"], False, OPEN, True),
    "conf proto": (["conf", "--proto"], False, OPEN, True),
    "conf tls": (["conf"], True, OPEN, True),
    "conf tls proto": (["conf", "--proto"], True, OPEN, True),
    "a": (["a"], False, OPEN, False),
    "b": (["b"], False, OPEN, True),
    "b proto": (["b", "--proto"], False, OPEN, False),
    "b tls": (["b"], True, OPEN, False),
    "c": (["c"], False, OPEN, False),
    "d": (["d"], False, OPEN, False),
    "d paced": (["d", "--full", "10"], False, PACED, True),
    "e": (["e"], False, OPEN, False),
    "e tls": (["e"], True, OPEN, True),
    "f": (["f", "--duration", "40"], False, OPEN, False),
    "f tls": (["f", "--duration", "40"], True, OPEN, False),
    "g": (["g"], False, OPEN, True),
    "g tls": (["g"], True, OPEN, False),
    "400 tls": (["custom", "--clients", "400", "--rate", "1", "--duration", "60"], True, OPEN, False),
    "400 tls proto": (
        ["custom", "--clients", "400", "--rate", "1", "--duration", "30", "--proto"], True, OPEN, False,
    ),
    "400 tls 10 min": (["custom", "--clients", "400", "--rate", "1", "--duration", "600"], True, OPEN, False),
    "800 tcp": (
        ["custom", "--clients", "800", "--rate", "1", "--duration", "30", "--full", "200"],
        False, OPEN, False,
    ),
}  # fmt: skip
PEER_RUNS = ("conf", "a", "b", "c", "d", "e", "f", "g")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="names of runs, separated by commas")
    parser.add_argument("--taky", default="", help="a Python with taky")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    names = [n for n, run in RUNS.items() if (not chosen.only or n in chosen.only.split(","))]
    if chosen.quick:
        names = [name for name in names if RUNS[name][3]]
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    note(chosen.out, {"commit": machine.commit(), "processor": machine.processor(), "at": hub_place.now()})
    for name in names:
        arguments, tls, limits, _ = RUNS[name]
        with hub_place.hub(limits=limits) as place:
            extra = (
                [*place.tls_arguments("load-EE"), "--port", str(place.tls)]
                if tls
                else ["--port", str(place.tcp)]
            )
            measure(chosen.out, f"vallum {name}", [*arguments, *extra], place.pid)
    if chosen.taky:
        for name in PEER_RUNS:
            if chosen.only and name not in chosen.only.split(","):
                continue
            with taky(chosen.taky) as (port, pid):
                measure(chosen.out, f"taky {name}", [*RUNS[name][0], "--port", str(port)], pid)


def measure(out: Path, name: str, arguments: list[str], pid: int) -> None:
    """Run the tester, keep its line under a name, and show the figures that matter."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "lines"
        subprocess.run(
            [sys.executable, str(TESTER), *arguments, "--server-pid", str(pid), "--out", str(lines)],
            check=False,
            stdout=subprocess.DEVNULL,
            timeout=1500,
        )
        found = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    for line in found:
        note(out, {"run": name, **line})
        line.pop("detail", None)
        print(name, json.dumps(line), flush=True)


def note(out: Path, line: dict[str, object]) -> None:
    with out.open("a") as file:
        file.write(json.dumps(line) + "\n")


@contextlib.contextmanager
def taky(python: str) -> Iterator[tuple[int, int]]:
    """Run taky with a configuration of its own, unencrypted."""
    with tempfile.TemporaryDirectory(prefix="taky-") as name:
        folder, port = Path(name), hub_place.free_port()
        (folder / "taky.conf").write_text(
            f"[taky]\nhostname=localhost\nbind_ip=127.0.0.1\nroot_dir={folder}\n"
            f"[cot_server]\nport={port}\nmax_persist_ttl=-1\nlog_cot={folder}\n[dp_server]\nupload_path={folder}\n"
            "[ssl]\nenabled=false\n"
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(Path(python).with_name("taky")), "-c", str(folder / "taky.conf")], stdout=log, stderr=log
            )
            try:
                time.sleep(2)
                yield port, process.pid
            finally:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()


if __name__ == "__main__":
    main()
