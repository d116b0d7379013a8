"""One uid of the picture is what the whole picture shows of it, for every reader."""

from hypothesis import given
from hypothesis import strategies as st

from vallum.picture import Audience, Event, Picture, View
from vallum.wire import cot

UIDS = ("a", "b")
VIEWS = tuple(View(1 << nation, groups) for nation in range(2) for groups in (1, 2, 3))
AUDIENCES: tuple[Audience, ...] = tuple(
    ((nations, groups), (0, 1 << origin)) for nations in (1, 2, 3) for groups in (1, 3) for origin in range(2)
)
EVENTS = {
    (uid, kind): Event.of_xml(cot.event(uid, kind, 0))
    for uid in UIDS
    for kind in ("a-f-G", "b-a-o-tbl", "b-a-o-can")
}
steps = st.lists(
    st.tuples(
        st.sampled_from(("put", "drop", "sweep")),
        st.sampled_from(sorted(EVENTS)),
        st.sampled_from(AUDIENCES),
        st.integers(0, 30),
    ),
    max_size=40,
)


@given(steps)
def test_one_uid_is_shown_as_in_the_whole(taken: list[tuple[str, tuple[str, str], Audience, int]]) -> None:
    picture: Picture[tuple[str, int]] = Picture()
    for now, (what, key, audience, lasts) in enumerate(taken):
        if what == "put":
            picture.put(EVENTS[key], audience, now + lasts, (key[0], now))
        elif what == "drop":
            picture.drop(key[0], audience)
        else:
            picture.sweep(now)
        for view in VIEWS:
            whole = dict(picture.seen_by(view, now))
            for uid in UIDS:
                one = picture.seen_of(uid, view, now)
                assert one == ((uid, whole[uid]) if uid in whole else None)
