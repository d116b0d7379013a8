"""Chat kept for those who were away."""

import pytest

from tests.hub.made_links import NOW, chat, make
from vallum.picture import Event, View
from vallum.picture.chat import Conversation, at

HERE, THERE = ((1, 1),), ((2, 1),)
ESTONIAN = View(1, 1)
ANNA = frozenset(("A", "Anna"))
EVER = 1 << 62


def missed(
    said: Conversation[str],
    names: frozenset[str] = ANNA,
    after: int = 0,
    until: int = EVER,
    private: int = EVER,
) -> list[str]:
    return said.missed(ESTONIAN, names, after=after, public_until=until, private_until=private)


def test_messages_come_back_in_order_for_those_who_may_see_them() -> None:
    said: Conversation[str] = Conversation()
    said.put(chat("B", 1), HERE, "B", NOW, "first")
    said.put(chat("C", 2), THERE, "C", NOW, "elsewhere")
    said.put(chat("C", 3), ((3, 1),), "C", NOW, "for both")
    said.put(chat("B", 4), HERE, "B", NOW, "last")
    assert missed(said) == ["first", "for both", "last"]
    assert len(said) == 4


def test_numbers_grow_with_time_and_within_a_millisecond() -> None:
    said: Conversation[str] = Conversation()
    numbers = [said.put(chat("B", n), HERE, "B", NOW + n // 3, "x") for n in range(9)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == NOW << 10
    assert numbers[3] == (NOW + 1) << 10
    assert at(NOW) < numbers[0]
    assert numbers[2] < at(NOW + 1)
    said.put(chat("B", 9), HERE, "B", NOW - 5_000, "a clock that was set back")
    assert missed(said, after=numbers[-1]) == ["a clock that was set back"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (chat("B", 1), True),
        (chat("B", 1, to="Anna"), True),
        (chat("B", 1, to="Carl"), False),
        (make("m", "b-t-f", '<marti><dest uid="A"/></marti>'), True),
        (make("m", "b-t-f", '<marti><dest group="red"/></marti>'), True),
        (make("m", "b-t-f", '<marti><dest mission="M"/></marti>'), False),
        (make("m", "b-t-f", '<marti><dest callsign=""/></marti>'), False),
        (make("m", "b-t-f", '<marti><dest mission="A"/></marti>'), False),
    ],
)
def test_what_is_for_somebody_is_given_to_nobody_else(event: Event, expected: bool) -> None:
    said: Conversation[str] = Conversation()
    said.put(event, HERE, "B", NOW, "x")
    assert missed(said) == (["x"] if expected else [])


def test_nobody_is_given_its_own() -> None:
    said: Conversation[str] = Conversation()
    said.put(chat("A", 1), HERE, "A", NOW, "own")
    said.put(chat("?", 2), HERE, "", NOW, "of whom nobody knows")
    assert missed(said) == ["of whom nobody knows"]


def test_only_what_lies_between_leaving_and_being_back_is_given() -> None:
    said: Conversation[str] = Conversation()
    group = make("g", "b-t-f", '<marti><dest group="red"/></marti>')
    numbers = [
        said.put(event, HERE, "B", NOW + n, f"{n}")
        for n, event in enumerate(
            (
                chat("B", 0),
                chat("B", 1),
                chat("B", 2, to="Anna"),
                group,
                chat("B", 4),
                chat("B", 5, to="Anna"),
            )
        )
    ]
    assert missed(said, after=numbers[0]) == ["1", "2", "3", "4", "5"]
    assert missed(said, after=numbers[0], until=numbers[3]) == ["1", "2", "3", "5"]
    assert missed(said, after=numbers[0], private=numbers[1]) == ["1", "3", "4"]
    assert missed(said, after=numbers[-1]) == []
    assert missed(said, after=at(NOW + 4)) == ["4", "5"]


def test_each_audience_has_its_own_room_in_messages_and_in_bytes() -> None:
    said: Conversation[str] = Conversation(room=3)
    for number in range(6):
        said.put(chat("B", number), HERE, "B", NOW, f"{number}")
        said.put(chat("B", number), THERE, "B", NOW, "elsewhere")
    assert missed(said) == ["3", "4", "5"]
    size = len(chat("B", 0).xml)
    narrow: Conversation[str] = Conversation(size=2 * size)
    for number in range(6):
        narrow.put(chat("B", number), HERE, "B", NOW, f"{number}")
    assert missed(narrow) == ["4", "5"]
    narrow.put(make("m", "b-t-f", "x" * 9 * size), HERE, "B", NOW, "larger than all room")
    assert missed(narrow) == ["larger than all room"]


def test_the_old_is_let_go() -> None:
    said: Conversation[str] = Conversation(keep_ms=1_000)
    said.put(chat("B", 1), HERE, "B", NOW, "old")
    said.put(chat("B", 2), HERE, "B", NOW + 500, "young")
    said.sweep(NOW + 1_000)
    assert len(said) == 2
    said.sweep(NOW + 1_001)
    assert missed(said) == ["young"]
    said.sweep(NOW + 2_000)
    assert len(said) == 0
    assert not said._by_audience
