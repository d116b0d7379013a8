"""The demonstration on a real hub over mutual TLS."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.config import Config, Journal, Listener
from vallum.hub.demo import programme
from vallum.hub.demo.certificates import identities
from vallum.hub.demo.feed import Feed
from vallum.hub.demo.link import Endpoint, Identity
from vallum.hub.demo.places import NATIONS
from vallum.hub.demo.programme import Programme
from vallum.hub.demo.scene import scene
from vallum.hub.demo.show import Show, check_rate
from vallum.hub.demo.stage import demonstration_policy, endpoints_of, stage
from vallum.hub.demo.viewer import Viewer
from vallum.hub.pki import Authority
from vallum.hub.server import Hub
from vallum.picture import Event, Kind

SCENE = scene(0, 30, NATIONS)
OPEN_ROLES = {"patrol", "ferry", "drone", "ambulance", "coast guard"}

#: What the policy of the demonstration releases, said again by hand: (origin, reader) to roles of units.
RELEASED = {
    ("EE", "LV"): OPEN_ROLES | {"civil protection"},  # names EE and LV
    ("EE", "LT"): OPEN_ROLES,
    ("LV", "EE"): OPEN_ROLES,  # civil protection names LV and LT
    ("LV", "LT"): {"ferry", "coast guard", "drone", "civil protection"},
    ("LT", "EE"): set(),
    ("LT", "LV"): OPEN_ROLES | {"border guard"},  # civil protection names LT and EE
}

#: The other events: the post and the meeting point carry no label, the video that of its drone.
OTHERS = {
    ("EE", "LV"): {"post", "meeting-point", "03-video"},
    ("EE", "LT"): {"post", "meeting-point", "03-video"},
    ("LV", "EE"): {"post", "meeting-point", "03-video"},
    ("LV", "LT"): {"03-video"},
    ("LT", "EE"): set(),
    ("LT", "LV"): {"post", "meeting-point", "03-video"},
}


def now() -> datetime:
    return datetime.now(UTC)


def expected(reader: str) -> set[str]:
    """Uids of all events but chat that a reader may see while EE has an emergency."""
    uids = {"vallum-demo-EE-01-9-1-1"}
    for nation in NATIONS:
        own = nation == reader
        units = SCENE.of(nation)[1]
        uids |= {unit.uid for unit in units if own or unit.role.name in RELEASED[nation, reader]}
        others = {"post", "meeting-point", "03-video"} if own else OTHERS[nation, reader]
        uids |= {f"vallum-demo-{nation}-{name}" for name in others}
    return uids


def test_each_nations_viewer_is_sent_exactly_what_the_policy_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programme, "ALERT_FROM_S", 0.3)
    monkeypatch.setattr(programme, "CHAT_FIRST_S", 0.2)
    monkeypatch.setattr(programme, "CHAT_APART_S", 0.1)

    async def played() -> tuple[Show, list, int]:
        async with stage(tmp_path, NATIONS, now()) as made:
            endpoints = dict.fromkeys(NATIONS, made.endpoint)
            show = Show(SCENE, 0.5, endpoints, made.senders, made.viewers)
            running = asyncio.create_task(show.run(pytest.fail, lambda: None))
            await until(lambda: running.done() or all(has_everything(viewer) for viewer in show.viewers))
            await asyncio.sleep(0.6)  # each unit tells again: what should not come had its time to
            show.stop.set()
            sights = await running
            # The emergency ends with the demonstration: the hub would keep it for a day.
            return show, sights, alerts_of_all(made.hub)

    show, sights, alerts = asyncio.run(played())
    for viewer in show.viewers:
        chats = {uid for uid in viewer.ever if uid.startswith("GeoChat.")}
        assert viewer.ever - chats == expected(viewer.identity.nation)
        assert {uid.split("-")[2] for uid in chats} == set(NATIONS)
    assert {sight.nation: sight.units for sight in sights} == {
        "EE": {"EE": 10, "LV": 7, "LT": 0},
        "LV": {"EE": 8, "LV": 10, "LT": 9},
        "LT": {"EE": 7, "LV": 4, "LT": 10},
    }
    assert [sight.alerts for sight in sights] == [1, 1, 1]
    assert all(sight.latency_ms is not None for sight in sights)
    assert all(feed.connections == 1 for feed in show.feeds)
    assert alerts == 0


def has_everything(viewer: Viewer) -> bool:
    rooms = {uid.split("-")[2] for uid in viewer.ever if uid.startswith("GeoChat.")}
    return expected(viewer.identity.nation) <= viewer.ever and rooms == set(NATIONS)


def alerts_of_all(hub: Hub) -> int:
    """How many emergencies the hub's picture still holds for anybody."""
    router = hub.router
    views = [router.audiences.view(Principal(nation, nation)) for nation in NATIONS]
    shown = [parcel.event for view in views for parcel in router.picture.seen_by(view, 0)]
    assert shown
    return sum(event.kind is Kind.ALERT for event in shown)


def test_a_hub_that_was_away_is_found_again_and_told_everything(tmp_path: Path) -> None:
    async def played() -> None:
        async with stage(tmp_path, ["EE"], now()) as made:
            feed = Feed(Programme(SCENE, "EE", 0.2), made.endpoint, made.senders["EE"])
            said: list[str] = []
            stop = asyncio.Event()
            running = asyncio.create_task(feed.run(asyncio.get_running_loop().time(), stop, said.append))
            await until(lambda: feed.sent > 0)
            await made.hub.stop()
            await until(lambda: not feed.connected)
            again = Hub(config(made.endpoint.port), demonstration_policy(), tmp_path)
            await again.start()
            try:
                await until(lambda: feed.connections == 2)
                await until(lambda: len(again.router.picture) == 13)  # ten units, post, point, video
                stop.set()
                await running
            finally:
                await again.stop()
            assert "the hub has closed the connection" in said[0]

    asyncio.run(asyncio.wait_for(played(), 20))


def test_a_revoked_certificate_is_told_apart_from_a_hub_that_is_away(tmp_path: Path) -> None:
    async def played() -> None:
        async with stage(tmp_path, ["EE"], now()) as made:
            Authority.open(tmp_path / "pki").revoke(now=now(), name="demo-EE")
            made.hub.directory.refresh()
            said: list[str] = []
            stop = asyncio.Event()
            feed = Feed(Programme(SCENE, "EE", 0.2), made.endpoint, made.senders["EE"])
            running = asyncio.create_task(feed.run(0.0, stop, said.append))
            await until(lambda: said)
            stop.set()
            await running
            assert "turned away" in said[0]
            assert (feed.connections, feed.sent) == (0, 0)

    asyncio.run(asyncio.wait_for(played(), 20))


def test_a_hub_of_another_authority_ends_the_demonstration(tmp_path: Path) -> None:
    async def played() -> None:
        Authority.create(tmp_path / "other", name="Another", now=now())
        async with stage(tmp_path, ["EE"], now()) as made:
            own = made.senders["EE"]
            wrong = Identity(own.user, "EE", own.certificate, own.key, tmp_path / "other" / "ca.pem")
            show = Show(scene(0, 1, ["EE"]), 0.5, {"EE": made.endpoint}, {"EE": wrong})
            await show.run(pytest.fail, lambda: None)

    with pytest.raises(BadInput, match="certificate is refused"):
        asyncio.run(asyncio.wait_for(played(), 20))


def test_certificates_are_used_again_while_they_are_valid(tmp_path: Path) -> None:
    Authority.create(tmp_path, name="A", now=now()).issue_server(now=now())
    first, issued = identities(tmp_path, ["EE"], now=now())
    content = first["EE"].certificate.read_bytes()
    assert issued
    again, issued = identities(tmp_path, ["EE"], now=now(), groups=frozenset(("Blue",)))
    assert (again, issued) == (first, False)
    assert first["EE"].certificate.read_bytes() == content
    assert Authority.open(tmp_path).registry().users["demo-EE"].groups_in == ["Blue"]


@pytest.mark.parametrize("end", ["revoke", "lose the key", "damage"])
def test_certificates_that_do_not_serve_are_issued_anew(tmp_path: Path, end: str) -> None:
    authority = Authority.create(tmp_path, name="A", now=now())
    authority.issue_server(now=now())
    made, _ = identities(tmp_path, ["LV"], now=now())
    if end == "revoke":
        authority.revoke(now=now(), name="demo-LV")
    elif end == "damage":
        made["LV"].certificate.write_text("no certificate")
    else:
        made["LV"].key.unlink()
    again, issued = identities(tmp_path, ["LV"], now=now())
    assert issued
    again["LV"].context()
    # For a day and not for longer: nobody has to remember to take it back.
    newest = authority.registry().certificates[-1]
    assert newest.expires - newest.issued <= timedelta(days=1)


def test_the_listener_is_found_in_the_configuration(tmp_path: Path) -> None:
    file = hub_folder(tmp_path, LISTENER)
    pki, found = endpoints_of(file, ["EE"], now())
    assert pki == tmp_path / "pki"
    # The name is that of the hub's certificate, wherever the listener listens.
    assert found == {"EE": Endpoint("127.0.0.1", 8089, "hub.example.org")}


@pytest.mark.parametrize(
    ("listener", "nation", "rule"),
    [
        ('kind = "tcp"\nport = 8087\nnation = "EE"\nauthentication = "none"', "EE", "listeners"),
        ('kind = "tls"\nport = 0', "EE", "listeners"),
        ('kind = "tls"\nport = 8089\nnation = "LV"', "EE", "listeners"),
        ('kind = "tls"\nport = 8089', "LT", "nations"),
    ],
)
def test_a_hub_that_would_not_take_the_units_is_named(
    tmp_path: Path, listener: str, nation: str, rule: str
) -> None:
    file = hub_folder(tmp_path, listener)
    with pytest.raises(BadInput) as error:
        endpoints_of(file, [nation], now())
    assert error.value.rule == rule


def test_a_folder_without_a_server_certificate_is_named(tmp_path: Path) -> None:
    file = hub_folder(tmp_path, LISTENER, server=False)
    with pytest.raises(BadInput, match="no valid server certificate"):
        endpoints_of(file, ["EE"], now())


@pytest.mark.parametrize("file", ["certificate", "key", "authority"])
def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path, file: str) -> None:
    Authority.create(tmp_path, name="A", now=now()).issue_server(now=now())
    identity = identities(tmp_path, ["EE"], now=now())[0]["EE"]
    getattr(identity, file).write_text("nothing")
    with pytest.raises(BadInput):
        identity.context()
    getattr(identity, file).unlink()
    with pytest.raises(BadInput, match="no such file"):
        identity.context()


def test_a_viewer_lets_go_of_what_is_gone_and_of_what_is_stale() -> None:
    viewer = Viewer(Endpoint("", 0, ""), Identity("", "EE", Path(), Path(), Path()))
    instant = 1_795_000_000_000
    events = programme_events(instant)
    for event in events:
        viewer.take(event, instant)
    assert viewer.sight(instant, ("EE",)).units == {"EE": 10}
    assert viewer.sight(instant + 7_000, ("EE",)).units == {"EE": 0}
    assert viewer.sight(instant + 7_000, ("EE",)).markers == 1


def programme_events(instant: int) -> list:
    return [Event.of_xml(document) for document in Programme(SCENE, "EE", 2.0).due(0.0, instant)]


def test_more_than_a_hub_takes_is_refused() -> None:
    check_rate(600, 3, 1.0)
    with pytest.raises(BadInput):
        check_rate(601, 3, 1.0)


LISTENER = 'kind = "tls"\nhost = "0.0.0.0"\nport = 8089'


def hub_folder(folder: Path, listener: str, *, server: bool = True) -> Path:
    (folder / "policy.toml").write_text('nations = ["EE", "LV"]\n')
    file = folder / "hub.toml"
    file.write_text(f"[[listeners]]\n{listener}\n")
    authority = Authority.create(folder / "pki", name="A", now=now())
    if server:
        authority.issue_server(["hub.example.org"], now=now())
    return file


def config(port: int) -> Config:
    return Config(listeners=[Listener(kind="tls", port=port)], journal=Journal(path=""))


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not met():
            await asyncio.sleep(0.02)
