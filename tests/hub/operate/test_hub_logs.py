"""Logs that hold no positions and stop nobody."""

import asyncio
import io
import json
import logging
import os
from collections.abc import Iterator

import pytest
import structlog

from vallum.hub.operate import logs


class Log:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.outlet = logs.Outlet(self.stream)

    def lines(self) -> list[dict[str, object]]:
        self.outlet.close()
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def written() -> Iterator[Log]:
    yield Log()
    logs.unconfigure()


def test_a_line_is_a_document_with_a_time_in_utc(written: Log) -> None:
    logs.configure(written.outlet)
    structlog.get_logger("vallum.hub").info("session begun", session=1, name="Jüri Tamm")
    (line,) = written.lines()
    assert str(line.pop("time")).endswith("Z")
    assert line == {"event": "session begun", "level": "info", "session": 1, "name": "Jüri Tamm"}


def test_what_says_who_is_where_is_dropped(written: Log) -> None:
    logs.configure(written.outlet)
    structlog.get_logger().warning(
        "x", lat=57.78, lon=26.0, uid="u", callsign="c", xml="<event/>", inner={"uid": "u", "kept": 1}
    )
    (line,) = written.lines()
    assert set(line) == {"event", "level", "time", "inner"}
    assert line["inner"] == {"kept": 1}


def test_positions_stand_in_logs_that_ask_for_them(written: Log) -> None:
    logs.configure(written.outlet, positions=True)
    structlog.get_logger().warning("x", lat=57.78, uid="u")
    (line,) = written.lines()
    assert (line["lat"], line["uid"]) == (57.78, "u")


def test_levels_below_the_chosen_one_are_left_out(written: Log) -> None:
    logs.configure(written.outlet, level="warning")
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    assert [line["event"] for line in written.lines()] == ["yes"]


def test_text_shows_control_characters_and_does_not_send_them(written: Log) -> None:
    logs.configure(written.outlet, form="text")
    structlog.get_logger().warning("x", reason="\x1b[2J\nforged line")
    written.outlet.close()
    text = written.stream.getvalue()
    assert "\x1b" not in text
    assert text.count("\n") == 1
    assert "forged line" in text


def test_a_closed_stream_stops_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8", buffering=1) as stream:
        outlet = logs.Outlet(stream)
        outlet.write("one\n")
        outlet.write("two\n")
        outlet.close()
        assert outlet.dropped == 2
        with pytest.raises(BrokenPipeError):
            stream.close()


def test_a_reader_that_stalls_stops_nobody() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w", encoding="utf-8")
    outlet = logs.Outlet(stream, room=10)
    for _ in range(200):
        outlet.write("x" * 4096 + "\n")
    assert outlet.dropped > 0
    # Read again, so that the thread can end.
    with os.fdopen(reading, "rb") as reader:
        os.set_blocking(reading, False)
        while outlet._thread.is_alive():
            reader.read(1 << 16)
            outlet.close(0.05)
        stream.close()


def test_a_fault_of_a_task_is_logged_without_its_text(written: Log) -> None:
    logs.configure(written.outlet)

    def fails() -> None:
        message = "secret 57.78"
        raise ValueError(message)

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(logs.report_fault)
        loop.call_soon(fails)
        await asyncio.sleep(0.01)

    asyncio.run(scenario())
    (line,) = written.lines()
    assert (line["event"], line["level"], line["kind"]) == ("fault", "error", "ValueError")
    assert any("test_hub_logs.py" in place and "fails" in place for place in line["at"])  # type: ignore[attr-defined]
    assert "secret" not in written.stream.getvalue()


def test_what_libraries_log_comes_without_the_text_of_exceptions(written: Log) -> None:
    logs.configure(written.outlet)
    try:
        int("secret")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in %s", "secret")
    logging.getLogger("uvicorn.error").info("no")
    (line,) = written.lines()
    assert (line["library"], line["message"], line["kind"]) == (
        "uvicorn.error",
        "Exception in %s",
        "ValueError",
    )
    assert "secret" not in written.stream.getvalue()
