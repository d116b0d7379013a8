"""What a reader is sent never depends on events that it may not see.

Each case plays a made-up day twice: once as it is, and once with what the reader may not see changed or left out.
Who may see what is decided here once more, from the words of policy.toml, without the hub's own code.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.made_links import NOW, MemoryLink, myself, silence
from vallum.core import instant
from vallum.core.policy import Policy, Release
from vallum.core.principal import Principal
from vallum.hub.parcel import Format
from vallum.hub.router import Router, Settings
from vallum.hub.session import Session
from vallum.picture import Audiences, Event

CASES = 1_300
PARTS = 8
NATIONS = ("EE", "LV", "LT")
GROUPS = ("red", "blue", "green")
LEVELS = ("UNCLASSIFIED", "RESTRICTED", "SECRET")
ACCESS = ("", "UNCLASSIFIED", "restricted", "SECRET", "COSMIC")
CAVEATS = ("", "FOO", "bar", "XYZ")
RELEASABLE = ("", "LV", "EE,LT", "LV LT", "BALTIC", "USA", ",")
COMMUNITY = {"BALTIC": ("EE", "LV", "LT")}
RULE_TYPES = ((), ("a-f",), ("a-f-G", "b-t-f"), ("b-a",), ("b", "u"))
TYPES = ("a-f-G-U-C", "a-f-A", "a-fake", "b-m-p-s-m", "b-t-f", "b-t-f", "b-a-o-tbl", "b-a-o-can", "b-f-t-r")


class Dice:
    """Choices out of a string of bytes; zeros once it has run out."""

    def __init__(self, data: bytes) -> None:
        self._rest = iter(data)

    def below(self, sides: int) -> int:
        return next(self._rest, 0) % sides

    def one(self, things):  # type: ignore[no-untyped-def]
        return things[next(self._rest, 0) % len(things)]

    def some(self, things: tuple[str, ...]) -> frozenset[str]:
        mask = next(self._rest, 0)
        return frozenset(thing for number, thing in enumerate(things) if mask >> number & 1)


@dataclass
class Rule:
    """One ``[[release]]`` table."""

    origin: str
    to: frozenset[str]
    if_named: frozenset[str]
    types: tuple[str, ...]
    up_to: int
    caveats: frozenset[str]
    groups: frozenset[str] | None


@dataclass
class Client:
    """One who may connect."""

    name: str
    nation: str
    groups_in: frozenset[str]
    groups_out: frozenset[str]
    role: str


@dataclass
class Step:
    """Something that happens."""

    kind: str
    who: int = 0
    event: Event | None = None
    other: Event | None = None
    """What may stand in the event's place."""
    groups_in: frozenset[str] = frozenset()
    groups_out: frozenset[str] = frozenset()
    amount: int = 0


@dataclass
class Day:
    """A policy, clients, and what they do; the first of them is the reader."""

    rules: list[Rule]
    clients: list[Client]
    steps: list[Step] = field(default_factory=list)


def a_day(dice: Dice) -> Day:
    rules = [
        Rule(
            origin=dice.one(NATIONS),
            to=dice.some(NATIONS),
            if_named=dice.some(NATIONS),
            types=dice.one(RULE_TYPES),
            up_to=dice.below(3),
            caveats=dice.some(("FOO", "BAR")),
            groups=dice.some(GROUPS) if dice.below(2) else None,
        )
        for _ in range(dice.below(4) + 1)
    ]
    clients = [
        Client(
            name=f"client {number}",
            nation=dice.one(NATIONS[: 1 + dice.below(3)]),
            groups_in=dice.some(GROUPS) | {"red"},
            groups_out=dice.some(GROUPS) | ({"red"} if dice.below(4) else frozenset()),
            role="member" if dice.below(12) else "viewer",
        )
        for number in range(4)
    ]
    day = Day(rules, clients, [Step("join", who) for who in (1, 0, 2, 3) if dice.below(8)])
    if dice.below(4):
        day.steps.append(Step("event", 0, the_reader(NOW)))
    now = NOW
    for number in range(16 + dice.below(24)):
        step = a_step(dice, number, now)
        now += step.amount if step.kind == "wait" else 0
        day.steps.append(step)
    # Others leave, and at the end the reader comes back, says who it is and is sent what it missed.
    day.steps += [
        Step("keep up"),
        Step("flush"),
        Step(dice.one(("leave", "lose")), 0),
        Step("leave", 1 + dice.below(3)),
    ]
    day.steps += [
        Step("event", 2 + dice.below(2), an_event(dice, 99, now), an_event(dice, 99, now)),
        Step("join", 0),
    ]
    day.steps += [Step("flush"), Step("event", 0, the_reader(now)), Step("flush"), Step("flush")]
    return day


def the_reader(now: int) -> Event:
    return myself("U0", "C0", time=now)


def a_step(dice: Dice, number: int, now: int) -> Step:
    throw = dice.below(40)
    who = dice.one((0, 1, 1, 2, 2, 3, 3))
    if throw < 22:
        return Step("event", who, an_event(dice, number, now), an_event(dice, number, now))
    if throw < 31:
        return Step("wait", amount=dice.one((1, 400, 30_000))) if throw < 24 else Step("flush")
    if throw < 36:
        groups_in, groups_out = dice.some(GROUPS), dice.some(GROUPS)
        kind = ("join", "groups", "groups", dice.one(("leave", "lose")), "join")[throw - 31]
        return Step(kind, who, groups_in=groups_in, groups_out=groups_out)
    return Step(("sweep", "fall behind", "keep up", "switch")[throw - 36])


def an_event(dice: Dice, number: int, now: int) -> Event:
    cot_type = dice.one(TYPES)
    uid = f"U{dice.below(3)}"
    chat = cot_type == "b-t-f"
    if chat or cot_type == "b-f-t-r":
        uid = f"GeoChat.{uid}.room.{number}"
    stated = "".join(
        f' {name}="{value}"'
        for name, value in (
            ("access", dice.one(ACCESS) if dice.below(4) == 3 else ""),
            ("caveat", dice.one(CAVEATS) if dice.below(5) == 4 else ""),
            ("releasableTo", dice.one(RELEASABLE) if dice.below(3) == 2 else ""),
        )
        if value
    )
    detail = f"<remarks>{number}</remarks>"
    if cot_type.startswith("a-") and dice.below(3):
        detail += f'<contact callsign="C{dice.below(3)}" endpoint="*:-1:stcp"/>'
    if dice.below(4) == 3:
        kind, value = dice.one(
            (
                ("callsign", "C0"),
                ("uid", "U1"),
                ("callsign", "C2"),
                ("group", "blue"),
                ("mission", "M"),
                ("x", "y"),
            )
        )
        detail += f'<marti><dest {kind}="{value}"/></marti>'
    elif chat and not dice.below(3):
        detail += f'<__chat id="U{dice.below(3)}" chatroom="C" parent="RootContactGroup"/>'
    time = instant.write(now - dice.one((0, 0, 100_000)))
    stale = instant.write(now + dice.one((60_000, 500, 0)))
    return Event.of_xml(
        f'<event version="2.0" uid="{uid}" type="{cot_type}" how="m-g" time="{time}" start="{time}" '
        f'stale="{stale}"{stated}><point lat="1" lon="2"/><detail>{detail}</detail></event>'.encode()
    )


# Who may see what, from the words of policy.toml


def may_see(day: Day, event: Event, sender: Client, groups: frozenset[str], reader: Client) -> frozenset[str]:
    """Groups through which a reader may see an event, if it names the reader or nobody."""
    marked = [address.value for address in event.addresses if address.kind == "group"]
    reached = frozenset(group for group in groups if not marked or group in marked)
    if reader.nation == sender.nation:
        return reached
    through: set[str] = set()
    for rule in day.rules:
        if rule.origin == sender.nation and released(rule, event, reader.nation):
            through |= reached if rule.groups is None else reached & rule.groups
    return frozenset(through)


def released(rule: Rule, event: Event, nation: str) -> bool:
    """Whether a rule gives an event of its origin to a nation."""
    stated = event.attributes
    caveat = stated.get("caveat", "")
    if not below(stated.get("access", ""), rule.up_to) or (caveat and caveat.upper() not in rule.caveats):
        return False
    if rule.types and not any(event.type == one or event.type.startswith(one + "-") for one in rule.types):
        return False
    named = nations_named(stated.get("releasableTo", ""))
    if named is None:
        return nation in rule.to
    return nation in named and (nation in rule.to or nation in rule.if_named)


def below(access: str, limit: int) -> bool:
    return (access.upper() or LEVELS[0]) in LEVELS[: limit + 1]


def nations_named(text: str) -> set[str] | None:
    if not text:
        return None
    words = text.replace(",", " ").split()
    return {nation for word in words for nation in COMMUNITY.get(word, (word,)) if nation in NATIONS}


def hidden(day: Day) -> tuple[set[int], set[int]]:
    """Steps with events that the reader may not see, and with other events there that it may not see either."""
    into, ahead = groups_at_each_step(day)
    names = names_of_reader(day)
    first: set[int] = set()
    second: set[int] = set()
    for number, step in enumerate(day.steps):
        if step.kind != "event" or step.who == 0:
            continue
        for event, numbers in ((step.event, first), (step.other, second)):
            if event is not None and not shown(day, event, step.who, into[number], ahead[number], names):
                numbers.add(number)
    return first, second


def shown(
    day: Day, event: Event, who: int, into: frozenset[str], out: frozenset[str], names: set[str]
) -> bool:
    """Whether the reader, with these groups and names, may see an event."""
    sender = day.clients[who]
    people = [one.value for one in event.addresses if one.kind in ("callsign", "uid")]
    elsewhere = any(one.kind not in ("callsign", "uid", "group") for one in event.addresses)
    if sender.role == "viewer" or ((people or elsewhere) and not names.intersection(people)):
        return False
    return bool(may_see(day, event, sender, into, day.clients[0]) & out)


def names_of_reader(day: Day) -> set[str]:
    """Every uid and callsign that the reader ever has."""
    own = [
        step.event for step in day.steps if step.kind == "event" and step.who == 0 and step.event is not None
    ]
    return {name for event in own if event.is_self for name in (event.uid, event.callsign)}


def groups_at_each_step(day: Day) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    """For each step the groups IN of who takes it, and the groups OUT that the reader has then or later."""
    switched = frozenset[str]()
    present = [False] * 4
    active = [client.groups_in for client in day.clients]
    into: list[frozenset[str]] = []
    seen_from: list[frozenset[str]] = []
    for step in day.steps:
        client = day.clients[step.who]
        if step.kind == "join":
            if step.who == 0:
                switched = client.groups_out  # at most: it may still be there
            if not present[step.who]:
                present[step.who] = True
                active[step.who] = client.groups_in
        elif step.kind in ("leave", "lose"):
            present[step.who] = False
        elif step.kind == "groups" and present[step.who]:
            active[step.who] = client.groups_in & step.groups_in
            if step.who == 0:
                switched = client.groups_out & step.groups_out
        into.append(active[step.who])
        seen_from.append(switched)
    later = [frozenset[str]().union(*seen_from[number:]) for number in range(len(seen_from))]
    return into, later


# Playing a day


class Play:
    """One run of a day."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.now = NOW
        self.router = Router(
            Audiences(a_policy(day.rules)),
            Settings(outbox_bytes=4_000, patience_s=20.0),
            clock=lambda: self.now,
            monotonic=lambda: self.now / 1000,
        )
        self.sessions: dict[int, Session] = {}
        self.links: list[MemoryLink] = []
        """The reader's, one after the other."""

    def run(self, changes: dict[int, Event | None]) -> list[tuple[bytes, str]]:
        """Play the day with some events changed or left out, and return what the reader was sent."""
        for number, step in enumerate(self.day.steps):
            if number in changes:
                if changes[number] is not None:
                    self.play(step, changes[number])
            else:
                self.play(step, step.event)
        return [(link.data, link.closed) for link in self.links]

    def play(self, step: Step, event: Event | None) -> None:
        session = self.sessions.get(step.who)
        if session not in self.router.sessions:
            session = None  # not there yet, or gone, or cut
        if step.kind in ("flush", "sweep"):
            getattr(self.router, step.kind)()
        elif step.kind == "wait":
            self.now += step.amount
        elif step.kind == "join":
            if session is None:
                self.join(step.who)
        elif session is not None:
            self.act(session, step, event)

    def act(self, session: Session, step: Step, event: Event | None) -> None:
        router = self.router
        if step.kind == "event" and event is not None:
            router.receive(session, event)
        elif step.kind in ("leave", "lose"):
            router.leave(session, clean=step.kind == "leave")
        elif step.kind == "groups":
            router.set_groups(session, step.groups_in, step.groups_out)
        elif step.kind == "fall behind":
            self.links[-1].full = True
        elif step.kind == "keep up":
            self.links[-1].full = False
            session.catch_up(2_000)
        elif step.kind == "switch" and session.form is Format.XML:
            router.switch(session, Format.STREAM, b"<farewell/>")

    def join(self, who: int) -> None:
        client = self.day.clients[who]
        link = MemoryLink()
        if who == 0:
            self.links.append(link)
        principal = Principal(client.name, client.nation, client.groups_in, client.groups_out, client.role)
        self.sessions[who] = self.router.join(link, principal, Format.XML, "memory")


def a_policy(rules: list[Rule]) -> Policy:
    return Policy(
        nations=NATIONS,
        levels=LEVELS,
        nation_names={name: frozenset(members) for name, members in COMMUNITY.items()},
        releases=tuple(
            Release(rule.origin, rule.to, rule.if_named, rule.types, rule.up_to, rule.caveats, rule.groups)
            for rule in rules
        ),
    )


def silent_foreigners(day: Day, unseen: set[int]) -> set[int]:
    """Clients of other nations of whom the reader may see nothing at all."""
    heard = {
        step.who for number, step in enumerate(day.steps) if step.kind == "event" and number not in unseen
    }
    nation = day.clients[0].nation
    return {who for who, client in enumerate(day.clients) if client.nation != nation and who not in heard}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_reader_is_sent_the_same_whatever_it_may_not_see(part: int) -> None:
    @settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(min_size=520, max_size=520))
    def holds(data: bytes) -> None:
        dice = Dice(data)
        day = a_day(dice)
        unseen, other_unseen = hidden(day)
        changes = {
            number: day.steps[number].other if (number + part) % 2 and number in other_unseen else None
            for number in unseen
        }
        gone = silent_foreigners(day, unseen)
        changes |= {
            number: None
            for number, step in enumerate(day.steps)
            if step.who in gone and step.kind in ("event", "join", "leave", "lose", "groups")
        }
        assert Play(day).run(changes) == Play(day).run({})

    with silence():
        holds()
