"""A hub that is killed loses at most what was not written yet."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.hub.journal.conftest import Clock
from vallum.hub.journal import Journal

WRITER = """
import sys, time
from pathlib import Path
from vallum.core.principal import Principal
from vallum.hub.journal import Journal
from vallum.hub.parcel import Parcel
from vallum.picture import Event
from vallum.wire import cot

journal = Journal.open(Path(sys.argv[1]), batch_ms=20, keep_days=30, keep_mb=100, clock=lambda: 1_800_000_000_000)
journal.start()
somebody, groups = Principal("somebody", "EE"), frozenset(("Blue",))
for number in range(1_000_000):
    xml = cot.event(f"U{number}", "a-f-G", 1_800_000_000_000, detail="<remarks>" + "x" * 300 + "</remarks>")
    journal.append(Parcel(Event.of_xml(xml), (), 1_800_000_000_000), somebody, groups, "")
    if number % 20 == 19:
        print(journal.state().written, flush=True)
        time.sleep(0.002)
"""


def killed_after(path: Path, count: int) -> int:
    """Let a writer write, kill it, and return how many events it knew to be written."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        known = 0
        while known < count:
            known = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        lines = writer.stdout.read().split("\n")[:-1]
    return max([known, *map(int, lines)])


def test_a_killed_writer_leaves_a_sound_journal_with_all_that_was_written(path: Path) -> None:
    kept = 0
    for _ in range(2):
        known = killed_after(path, 1000)
        Journal.open(path, batch_ms=20, keep_days=30, keep_mb=100, clock=Clock()).stop()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            uids = [uid for (uid,) in connection.execute("SELECT uid FROM event ORDER BY seq")]
            ((latest,),) = connection.execute("SELECT count(*) FROM latest")
        fresh = uids[kept:]
        assert len(fresh) >= known
        assert fresh == [f"U{number}" for number in range(len(fresh))]
        assert latest == len(set(uids))
        kept = len(uids)
