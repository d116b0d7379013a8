"""One message, whatever is in it: events and faults, never an exception."""

from hypothesis import example, given
from hypothesis import strategies as st

from tests.hub.conftest import event
from vallum.hub.listener.message import Control, read_datagram, read_message
from vallum.hub.protocol import Fault
from vallum.picture import Event
from vallum.wire import cot, takproto
from vallum.wire.takproto.schema import TakMessage

LIMITS = cot.Limits(size=4_000)
ALPHA = Event.of_xml(event("alpha")).payload()


def kinds(items: list[object]) -> list[type]:
    return [type(item) for item in items]


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xbf\x01\xbf")
@example(b"\xbf\x01\xbf\x12\x03\x0a\x01a")
@example(b"<event/>")
@example(b"<event ><?xml ?>")
@example(b"<auth><cot/></auth>")
def test_whatever_comes_is_read_or_a_fault(data: bytes) -> None:
    for read in (read_message, read_datagram):
        assert set(kinds(list(read(data, LIMITS)))) <= {Event, Fault, Control}


@given(st.integers(0, 255), st.integers(0, len(ALPHA) - 1))
def test_a_changed_byte_is_read_or_a_fault(byte: int, at: int) -> None:
    changed = ALPHA[:at] + bytes((byte,)) + ALPHA[at + 1 :]
    for data in (takproto.stream_frame(changed), takproto.mesh_frame(changed)):
        assert set(kinds(list(read_datagram(data, LIMITS)))) <= {Event, Fault, Control}


def test_good_frames_before_a_bad_one_are_kept() -> None:
    data = takproto.stream_frame(ALPHA) + b"\x00"
    assert kinds(list(read_message(data, LIMITS))) == [Event, Fault]


def test_a_login_in_xml_is_passed_over() -> None:
    data = b"<auth><cot username='a' password='b'/></auth>" + event("alpha")
    assert kinds(list(read_message(data, LIMITS))) == [Event]


def test_datagrams_hold_the_mesh_form_the_stream_form_or_xml() -> None:
    for data in (
        takproto.mesh_frame(ALPHA),
        takproto.stream_frame(ALPHA),
        event("alpha"),
        event("alpha") + b"\n\x00\x00",
    ):
        (found,) = read_datagram(data, LIMITS)
        assert isinstance(found, Event)
        assert found.uid == "alpha"


def test_a_datagram_over_the_limit_is_a_fault() -> None:
    large = Event.of_xml(event("alpha", detail="x" * 5_000)).payload()
    assert kinds(list(read_datagram(takproto.mesh_frame(large), LIMITS))) == [Fault]


def control(uid: str, lowest: int, highest: int, payload: bytes = b"") -> bytes:
    message = TakMessage.FromString(payload)
    message.takControl.contactUid = uid
    message.takControl.minProtoVersion = lowest
    message.takControl.maxProtoVersion = highest
    return takproto.mesh_frame(message.SerializeToString())


def test_control_says_what_its_sender_reads_and_an_event_may_stand_beside_it() -> None:
    assert list(read_datagram(control("a", 1, 1), LIMITS)) == [Control("a", True)]
    assert list(read_datagram(control("a", 0, 0), LIMITS)) == [Control("a", True)]
    assert list(read_datagram(control("a", 2, 3), LIMITS)) == [Control("a", False)]
    assert kinds(list(read_datagram(control("a", 1, 1, ALPHA), LIMITS))) == [Control, Event]
