"""What a streaming client and its server say, without a socket."""

import pytest

from tests.hub.made_links import NOW, make
from vallum.hub.protocol import Fault, Request, StreamProtocol, offer, response
from vallum.picture import Event
from vallum.wire import cot, takproto

LIMITS = cot.Limits(size=4096)
AUTH = b'<auth><cot username="a" password="b" uid="c"/></auth>'


def request(version: str = "1", detail: str = "") -> bytes:
    detail = detail or f'<TakControl><TakRequest version="{version}"/></TakControl>'
    return cot.event("client", "t-x-takp-q", NOW, detail=detail)


def frame(event: Event) -> bytes:
    return takproto.stream_frame(event.payload())


def told(protocol: StreamProtocol, *pieces: bytes) -> list[str]:
    """What the protocol hands up, in words."""
    words = []
    for piece in pieces:
        for item in protocol.receive(piece):
            if isinstance(item, Event):
                words.append(item.uid)
            elif isinstance(item, Request):
                words.append(f"request {item.uid} {item.granted}")
            else:
                assert isinstance(item, Fault)
                words.append("fault")
    return words


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


STREAMS = {
    "XML alone": (make("a").xml + b"\n" + make("b").xml, ["a", "b"]),
    "authentication first": (AUTH + make("a").xml, ["a"]),
    "authentication with a declaration": (b"<?xml version='1.0'?>\n" + AUTH + b"\n" + make("a").xml, ["a"]),
    "a fault between events": (make("a").xml + b"<event/>" + make("b").xml, ["a", "fault", "b"]),
    "a request that is granted": (
        make("a").xml + request() + frame(make("b")) + frame(make("c")),
        ["a", "request client True", "b", "c"],
    ),
    "blanks behind the request": (
        request() + b"\n\r\n" + frame(make("b")),
        ["request client True", "b"],
    ),
    "a request for another version": (request("2") + make("b").xml, ["request client False", "b"]),
    "a request without a version": (
        request(detail="<TakControl><TakRequest/></TakControl>") + make("b").xml,
        ["request client False", "b"],
    ),
    "a request without control": (request(detail="<x/>") + make("b").xml, ["request client False", "b"]),
    "a refused and then a granted request": (
        request("2") + request() + frame(make("b")),
        ["request client False", "request client True", "b"],
    ),
    "TAK protocol from the start": (frame(make("a")) + frame(make("b")), ["a", "b"]),
    "TAK protocol unasked behind XML": (make("a").xml + frame(make("b")), ["a", "b"]),
    "TAK protocol unasked behind blanks": (make("a").xml + b"\n" + frame(make("b")), ["a", "b"]),
    "messages that are no events": (
        request() + b"\xbf\x03\xff\xff\xff" + b"\xbf\x00" + b"\xbf\x02\x12\x00" + frame(make("b")),
        ["request client True", "fault", "fault", "fault", "b"],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_whole_and_byte_by_byte(name: str) -> None:
    stream, expected = STREAMS[name]
    assert told(StreamProtocol(LIMITS), stream) == expected
    protocol = StreamProtocol(LIMITS)
    assert told(protocol, *bytewise(stream)) == expected
    assert protocol.pending == 0


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\xc8",
        make("a").xml + b"\xbe" + frame(make("b")),
        b"<event>" + b"x" * 5_000,
        b"<!DOCTYPE event>" + make("a").xml,
        make("a").xml[:-8] + b"<!DOCTYPE x></event>",
        request() + make("too late").xml,
        request() + b"\xbf\xff\xff\xff\xff\x7f",
    ],
    ids=range(8),
)
def test_a_stream_that_cannot_be_read_is_broken(stream: bytes) -> None:
    for pieces in ([stream], bytewise(stream)):
        with pytest.raises((cot.Malformed, takproto.Malformed)):
            told(StreamProtocol(LIMITS), *pieces)


def test_what_came_before_the_break_is_still_handed_up() -> None:
    good = frame(make("a"))
    items = StreamProtocol(LIMITS).receive(request() + good + good + b"rubbish")
    assert [type(next(items)) for _ in range(3)] == [Request, Event, Event]
    with pytest.raises(takproto.Malformed):
        next(items)


def test_pending_is_what_is_unfinished_in_either_format() -> None:
    protocol = StreamProtocol(LIMITS)
    assert told(protocol, make("a").xml[:50]) == []
    assert protocol.pending == 50
    assert told(protocol, make("a").xml[50:] + request()) == ["a", "request client True"]
    assert told(protocol, frame(make("b"))[:20]) == []
    assert protocol.pending == 20


def test_a_caller_that_stops_in_between_is_not_given_more() -> None:
    items = StreamProtocol(LIMITS).receive(make("a").xml * 3)
    assert isinstance(next(items), Event)
    items.close()


def read(data: bytes) -> Event:
    assert data.endswith(b"\n")
    return Event.of_xml(cot.only_document(data))


def test_the_offer_names_version_1_and_the_server() -> None:
    event = read(offer(NOW, 'vallum "1" & more'))
    assert event.type == "t-x-takp-v"
    (control,) = event.children
    assert control.nested == [
        ("TakProtocolSupport", {"version": "1"}),
        ("TakServerVersionInfo", {"serverVersion": 'vallum "1" & more', "apiVersion": "3"}),
    ]


@pytest.mark.parametrize(("granted", "status"), [(True, "true"), (False, "false")])
def test_the_response_has_the_uid_of_the_request(granted: bool, status: str) -> None:
    event = read(response("client<1>", NOW, granted=granted))
    assert (event.type, event.uid) == ("t-x-takp-r", "client<1>")
    assert event.children[0].nested == [("TakResponse", {"status": status})]
