"""The current picture: the latest of each uid, for each audience apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.made_links import NOW, make
from vallum.picture import Picture, View

HERE, THERE, BOTH = ((1, 1),), ((2, 1),), ((3, 1),)
ESTONIAN, LATVIAN = View(1, 1), View(2, 1)
LATER = NOW + 60_000


def put(
    picture: Picture[str], uid: str, audience: tuple, item: str, expires: int = LATER, **more: str
) -> None:
    picture.put(make(uid, **more), audience, expires, item)


def test_the_newest_of_a_uid_replaces_the_older_and_comes_last() -> None:
    picture: Picture[str] = Picture()
    for uid, item in (("a", "a1"), ("b", "b1"), ("a", "a2")):
        put(picture, uid, HERE, item)
    assert picture.seen_by(ESTONIAN, NOW) == ["b1", "a2"]
    assert picture.seen_by(LATVIAN, NOW) == []
    assert len(picture) == 2


def test_audiences_do_not_replace_one_another() -> None:
    picture: Picture[str] = Picture()
    put(picture, "a", BOTH, "for both")
    put(picture, "a", HERE, "for Estonia")
    assert picture.seen_by(ESTONIAN, NOW) == ["for Estonia"]
    assert picture.seen_by(LATVIAN, NOW) == ["for both"]
    put(picture, "a", BOTH, "for both again")
    assert picture.seen_by(ESTONIAN, NOW) == ["for both again"]


def test_stale_is_not_shown_and_then_let_go() -> None:
    picture: Picture[str] = Picture()
    put(picture, "a", HERE, "a", LATER)
    put(picture, "b", THERE, "b", LATER + 1)
    assert picture.seen_by(ESTONIAN, LATER - 1) == ["a"]
    assert picture.seen_by(ESTONIAN, LATER) == []
    assert picture.sweep(LATER) == 1
    assert (len(picture), picture.sweep(LATER), picture.sweep(LATER + 1), len(picture)) == (1, 0, 1, 0)


def test_a_newer_state_that_is_stale_does_not_bring_back_an_older_one() -> None:
    picture: Picture[str] = Picture()
    put(picture, "a", BOTH, "old, for long", LATER + 1_000)
    put(picture, "a", HERE, "new, for short", NOW + 10)
    for _ in range(2):
        assert picture.seen_by(ESTONIAN, NOW + 20) == []
        assert picture.seen_by(LATVIAN, NOW + 20) == ["old, for long"]
        picture.sweep(NOW + 20)
    picture.sweep(LATER + 1_000)
    assert not picture._shelves


def test_a_client_that_is_gone_does_not_leave_an_older_state_behind() -> None:
    picture: Picture[str] = Picture()
    put(picture, "a", BOTH, "first")
    put(picture, "a", HERE, "second")
    picture.drop("a", HERE)
    picture.drop("a", THERE)
    picture.drop("b", HERE)
    assert picture.seen_by(ESTONIAN, NOW) == []
    assert picture.seen_by(LATVIAN, NOW) == ["first"]
    put(picture, "a", HERE, "third")
    assert picture.seen_by(ESTONIAN, NOW) == ["third"]


def test_what_came_after_one_that_is_gone_stays() -> None:
    picture: Picture[str] = Picture()
    put(picture, "a", HERE, "first")
    put(picture, "a", BOTH, "second")
    picture.drop("a", HERE)
    assert picture.seen_by(ESTONIAN, NOW) == ["second"]


@pytest.mark.parametrize("audience", [HERE, BOTH])
def test_a_cancelled_alert_is_not_shown_to_who_may_know_that(audience: tuple) -> None:
    picture: Picture[str] = Picture()
    put(picture, "911", BOTH, "alarm", cot_type="b-a-o-tbl")
    put(picture, "911", audience, "all is well", cot_type="b-a-o-can")
    picture.sweep(NOW)
    assert picture.seen_by(ESTONIAN, NOW) == []
    assert picture.seen_by(LATVIAN, NOW) == ([] if audience is BOTH else ["alarm"])
    put(picture, "911", BOTH, "alarm again", cot_type="b-a-o-tbl")
    assert picture.seen_by(ESTONIAN, NOW) == ["alarm again"]


def test_each_audience_has_its_own_bounds() -> None:
    picture: Picture[str] = Picture(room=3)
    for number in range(5):
        put(picture, f"a{number}", HERE, f"a{number}")
        put(picture, "b", THERE, "b")
    put(picture, "a2", HERE, "a2 again")
    put(picture, "a5", HERE, "a5")
    assert picture.seen_by(ESTONIAN, NOW) == ["a4", "a2 again", "a5"]
    assert picture.seen_by(LATVIAN, NOW) == ["b"]


def test_the_bytes_of_an_audience_are_bounded_too() -> None:
    size = len(make("a0").xml)
    picture: Picture[str] = Picture(size=3 * size)
    for number in range(9):
        put(picture, f"a{number}", HERE, f"a{number}")
    assert picture.seen_by(ESTONIAN, NOW) == ["a6", "a7", "a8"]
    picture.put(make("b", detail="x" * 4 * size), HERE, LATER, "larger than all room")
    assert picture.seen_by(ESTONIAN, NOW) == ["larger than all room"]
    put(picture, "c", HERE, "c")
    assert picture.seen_by(ESTONIAN, NOW) == ["c"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("put", "put", "put", "cancel", "drop", "sweep")),
        st.sampled_from("ab"),
        st.sampled_from((HERE, THERE, BOTH)),
        st.integers(0, 5),
    ),
    max_size=14,
)


@given(STEPS)
def test_the_picture_agrees_with_a_list_of_all_that_happened(
    steps: list[tuple[str, str, tuple, int]],
) -> None:
    picture: Picture[int] = Picture()
    history: list[tuple[str, tuple, int, int]] = []
    for now, (step, uid, audience, lasts) in enumerate(steps):
        if step == "sweep":
            picture.sweep(now)
        elif step == "drop":
            picture.drop(uid, audience)
            history = [(*one[:2], -1, one[3]) if one[:2] == (uid, audience) else one for one in history]
        else:
            cot_type = "b-a-o-can" if step == "cancel" else "b-a-o-tbl"
            expires = -1 if step == "cancel" else now + lasts
            picture.put(make(uid, cot_type), audience, expires, now)
            history.append((uid, audience, expires, now))
        for view in (ESTONIAN, LATVIAN):
            last = {one[0]: one for one in history if one[1][0][0] & view.nation}
            expected = sorted(one[3] for one in last.values() if one[2] > now)
            assert picture.seen_by(view, now) == expected
