"""What a reader is shown of a mission does not depend on what it may not see."""

import json
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Literal, get_args

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.hub.conftest import POLICY, event
from vallum.core.principal import Principal
from vallum.hub.config import Marti as Settings
from vallum.hub.journal.tables import files, missions
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.marking import Marking, Rules
from vallum.hub.marti.missions import changes, events, items, layers, limits, log, making, members, views
from vallum.hub.marti.missions.ledger import Ledger, drop_labels
from vallum.hub.marti.missions.notices import Member
from vallum.hub.marti.missions.reading import Caller, Reading, Ref
from vallum.hub.marti.missions.roles import OWNER, SUBSCRIBER
from vallum.hub.marti.missions.stated import Stated
from vallum.picture import Audiences, Event, sees


def user(name: str, nation: str, *groups: str) -> Principal:
    return Principal(name, nation, frozenset(groups), frozenset(groups))


USERS = {
    one.name: one
    for one in (
        user("kadri", "EE", "Blue", "Red"),
        user("jaan", "EE", "Red"),
        user("mart", "EE", "Blue"),
        user("aino", "FI", "Blue", "Red"),
    )
}
READERS = ("mart", "aino")


class Act(msgspec.Struct, frozen=True):
    """Something that somebody does."""

    who: str
    what: Literal["say", "remove", "words", "write", "layer", "unlayer", "join", "invite", "uninvite"]
    key: str
    other: str
    access: str
    groups: frozenset[str]


ACTS = st.lists(
    st.builds(
        Act,
        who=st.sampled_from(list(USERS)),
        what=st.sampled_from(["say", "say", *get_args(Act.__annotations__["what"])]),
        key=st.sampled_from("ABC"),
        other=st.sampled_from(["", "kadri A", "jaan A", "mart B", "aino C"]),
        access=st.sampled_from(["", "", "SECRET"]),
        groups=st.sampled_from([frozenset({"Blue"}), frozenset({"Red"}), frozenset({"Blue", "Red"})]),
    ),
    max_size=25,
)


class World:
    """A mission in which all take part, and what is told of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.rules = Rules(Audiences(POLICY))
        self.told: dict[str, list[str]] = {name: [] for name in READERS}
        self.rosters: dict[int, tuple[Member, ...]] = {}
        connection.executescript(files.DDL + missions.DDL)
        ledger = self.ledger("kadri", 0)
        made = making.create(ledger, "Alpha", Stated(creator_uid="KADRI"), None, settings=Settings())
        self.guid = made["guid"]
        for name in USERS:
            ledger = self.ledger(name, 0)
            members.join(ledger, made, name.upper(), SUBSCRIBER)

    def ledger(self, who: str, now: int) -> Ledger:
        return Ledger(self.connection, self.rules, Caller(USERS[who]), now, self.rosters)

    def shows(self, act: Act, reader: str) -> bool:
        """Whether a reader may see what an act brings."""
        if act.what in ("remove", "words", "unlayer", "uninvite") or act.who == reader:
            return True  # of what is there, each actor sees what it may
        ledger = self.ledger(act.who, 0)
        label = self.said(act, 0).label if act.what == "say" else ledger.own()
        view = self.rules.view(USERS[reader])
        return sees(view, self.rules.audience(label.marking, label.type))

    def said(self, act: Act, number: int) -> items.Item:
        detail = f'<contact callsign="{number}"/>'
        xml = event(act.key, "a-u-G", detail).replace(b"<event ", f'<event access="{act.access}" '.encode())
        principal = USERS[act.who]
        return events.said(Event.of_xml(xml), principal, principal.groups_in & act.groups)

    def do(self, act: Act, number: int) -> None:
        ledger = self.ledger(act.who, 1_000 * number)
        self.connection.execute("BEGIN")
        try:
            self._do(ledger, act, number)
        except Refusal:
            self.connection.execute("ROLLBACK")
            return
        self.connection.execute("COMMIT")
        for name in READERS:
            principal = USERS[name]
            owner = (principal.nation, principal.name)
            view = self.rules.view(principal)
            self.told[name] += [
                self.plain(notice.parcel.event.xml.decode())
                for notice in ledger.notices
                if any(member.owner == owner for member in notice.members)
                and all(one.owner == owner or sees(view, one.audience) for one in notice.sights)
            ]

    def _do(self, ledger: Ledger, act: Act, number: int) -> None:
        mission = ledger.mission(Ref("name", "Alpha"), "MISSION_WRITE")
        if act.what == "say":
            items.add(ledger, mission, self.said(act, number), act.who, most=99)
        elif act.what == "remove":
            items.remove(ledger, mission, "uid", act.key, act.who)
        elif act.what == "words":
            items.set_keywords(ledger, mission, "uid", act.key, [str(number)], act.who)
        elif act.what == "write":
            log.insert(ledger, log.Written(str(number), ["Alpha"], act.who))
        elif act.what == "layer":
            uid = f"{act.who} {act.key}"
            parent = act.other
            layers.create(ledger, mission, act.key, "UID", uid, parent, None, act.who)
        elif act.what == "unlayer":
            layers.remove(ledger, mission, [f"{act.who} {act.key}"], act.who)
        elif act.what == "invite":
            role = OWNER if act.other else SUBSCRIBER
            members.invite(ledger, mission, "userName", act.key, role, act.who, [])
        elif act.what == "uninvite":
            members.uninvite(ledger, mission, "userName", act.key, act.who)
        else:
            members.join(ledger, mission, f"{act.who} {act.key}")
            ledger.note_own(mission, "subscriber", act.who)

    def shown(self, who: str) -> Any:
        """All that a reader is shown, but for numbers that are random."""
        reading = Reading(self.connection, self.rules, Caller(USERS[who]), 1_000_000)
        mission = reading.mission(Ref("name", "Alpha"))
        whole = views.Whole(changes=True, logs=True)
        found = [
            views.mission(reading, mission, whole),
            changes.changes(reading, mission, whole.when, squashed=False),
            layers.tree(reading, mission),
            [members.invitation(mission, row) for row in members.invitations(reading, mission)],
            [
                members.subscription(reading, row, with_token=False)
                for row in members.subscriptions(reading, mission)
            ],
        ]
        text = json.dumps(json.loads(msgspec.json.encode(found)), sort_keys=True)
        return self.plain(re.sub(r'"(id|token)": "[^"]*"', "", text)), self.told[who]

    def plain(self, text: str) -> str:
        """Leave out what is random, and that two changes at once are a millisecond apart."""
        text = re.sub(r'<event version="2.0" uid="[0-9a-f-]{36}"', "<event", text.replace(self.guid, "GUID"))
        return re.sub(r"(T\d\d:\d\d:\d\d)\.\d{3}Z", r"\1Z", text)


def shown(acts: list[tuple[int, Act]], reader: str) -> Any:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        world = World(connection)
        for number, act in acts:
            world.do(act, number)
        return world.shown(reader)


BLUE = frozenset({"Blue"})
BELOW_HIDDEN = [Act("jaan", "layer", "A", "", "", BLUE), Act("kadri", "layer", "B", "jaan A", "", BLUE)]

INVITED_BEFORE = [Act(who, what, "A", "", "", BLUE)
                  for who, what in (("jaan", "invite"), ("mart", "uninvite"), ("mart", "invite"))]  # fmt: skip


@settings(deadline=None, max_examples=60)
@example([Act("jaan", "join", "A", "", "", BLUE)], "mart")
@example(BELOW_HIDDEN, "mart")
@example(INVITED_BEFORE, "mart")
@given(ACTS, st.sampled_from(READERS))
def test_what_is_hidden_leaves_no_trace(acts: list[Act], reader: str) -> None:
    numbered = list(enumerate(acts, 1))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        world = World(connection)
        visible = [(number, act) for number, act in numbered if world.shows(act, reader)]
    assert shown(numbered, reader) == shown(visible, reader)


def test_two_threads_never_give_two_groups_one_bit() -> None:
    audiences = Audiences(POLICY)
    names = [f"group {number}" for number in range(300)]

    def bits(order: list[str]) -> list[int]:
        return [audiences.view(user("somebody", "EE", name)).groups for name in order]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(bits, [names, names[::-1], names[150:] + names[:150], names]))
    assert len(set(bits(names))) == len(names)


@settings(deadline=None, max_examples=30)
@given(ACTS)
def test_changes_have_numbers_without_gaps(acts: list[Act]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        world = World(connection)
        for number, act in enumerate(acts, 1):
            world.do(act, number)
        rows = connection.execute("SELECT number, at_ms FROM mission_change ORDER BY number").fetchall()
        assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
        times = [row["at_ms"] for row in rows]
        assert times == sorted(set(times))
        used = "SELECT nation, items, bytes FROM mission_use WHERE items > 0 ORDER BY nation"
        counted = """SELECT nation, count(*), sum(length(xml)) FROM mission_item
                     JOIN mission_label ON mission_label.id = label GROUP BY nation ORDER BY nation"""
        assert [*map(tuple, connection.execute(used))] == [*map(tuple, connection.execute(counted))]


@pytest.fixture
def world() -> Iterator[World]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        yield World(connection)


def test_an_entry_about_hidden_contents_stays_hidden_when_they_are_taken_out(world: World) -> None:
    ledger = world.ledger("kadri", 1)
    mission = ledger.mission(Ref("name", "Alpha"))
    world.do(Act("kadri", "say", "A", "", "SECRET", BLUE), 1)
    log.insert(ledger, log.Written("gone tomorrow", ["Alpha"], "KADRI", entry_uid="A"))
    world.do(Act("kadri", "remove", "A", "", "", BLUE), 2)
    for name, count in (("kadri", 1), ("aino", 0)):
        reading = Reading(world.connection, world.rules, Caller(USERS[name]), 9)
        assert len(log.entries(reading, mission, (0, 1 << 62))) == count


def test_layers_do_not_get_deeper_by_moving(world: World) -> None:
    ledger = world.ledger("kadri", 1)
    mission = ledger.mission(Ref("name", "Alpha"))

    def chain(name: str, length: int) -> None:
        for number in range(length):
            parent = f"{name}{number - 1}" if number else ""
            layers.create(ledger, mission, "x", "UID", f"{name}{number}", parent, None, "KADRI")

    chain("a", limits.LAYER_DEPTH)
    chain("b", 2)
    with pytest.raises(Refusal, match="deep"):
        layers.create(ledger, mission, "x", "UID", "", f"a{limits.LAYER_DEPTH - 1}", None, "KADRI")
    with pytest.raises(Refusal, match="deep"):
        layers.move(ledger, mission, "b0", "a14", None, "KADRI")
    layers.move(ledger, mission, "b0", "a13", None, "KADRI")
    with pytest.raises(Refusal, match="below itself"):
        layers.move(ledger, mission, "a13", "b0", None, "KADRI")


def test_labels_are_not_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LABELS", 6)  # three are there
    ledger = world.ledger("kadri", 1)

    def numbered(access: str) -> int:
        return ledger.number(items.Label(Marking("EE", BLUE, access), "a-u-G"))

    taken = [numbered(access) for access in "012"]
    with pytest.raises(Refusal, match="labels"):
        numbered("3")
    assert numbered("0") == taken[0]  # one that is there can be used
    assert ledger.number(items.Label(Marking("FI", BLUE), "a-u-G"))  # and others have their own
    shown = world.shown("mart")
    drop_labels(world.connection)
    assert world.shown("mart") == shown
    assert numbered("3")
