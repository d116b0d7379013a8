"""hub.toml: what it says, and what is wrong with it in the user's own terms."""

from pathlib import Path

import pytest

from vallum.core.errors import BadInput
from vallum.core.principal import ANONYMOUS_GROUP
from vallum.hub.config import Config, Listener, read_config
from vallum.hub.server import _settings, _shared

LISTENER = '[[listeners]]\nkind = "tcp"\nport = 0\nnation = "EE"\nauthentication = "none"\n'
TLS = '[[listeners]]\nkind = "tls"\nport = 8089\n'


def read(folder: Path, text: str | bytes) -> Config:
    path = folder / "hub.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_config(path)


def test_the_least_file(tmp_path: Path) -> None:
    config = read(tmp_path, TLS)
    (listener,) = config.listeners
    assert (listener.label, listener.host, listener.port) == ("tls:8089", "127.0.0.1", 8089)
    assert listener.uses_tls
    assert listener.asks_certificate
    assert config.policy == "policy.toml"


@pytest.mark.parametrize(
    ("text", "uses_tls", "asks"),
    [
        ('kind = "tcp"\nnation = "EE"\nauthentication = "none"', False, False),
        ('kind = "tls"', True, True),
        ('kind = "tls"\nauthentication = "certificate"', True, True),
        ('kind = "tls"\nauthentication = "none"\nnation = "EE"', True, False),
        ('kind = "websocket"', True, True),
        ('kind = "websocket"\nencrypted = false\nauthentication = "none"\nnation = "EE"', False, False),
        ('kind = "udp"\nauthentication = "none"\nnation = "EE"', False, False),
        ('kind = "mesh"\nauthentication = "none"\nnation = "EE"', False, False),
    ],
)
def test_which_listeners_ask_for_what(tmp_path: Path, text: str, uses_tls: bool, asks: bool) -> None:
    (listener,) = read(tmp_path, f"[[listeners]]\nport = 0\n{text}\n").listeners
    assert (listener.uses_tls, listener.asks_certificate) == (uses_tls, asks)


@pytest.mark.parametrize(
    ("stated", "into", "out"),
    [
        ({}, {ANONYMOUS_GROUP}, {ANONYMOUS_GROUP}),
        ({"groups": ["a"]}, {"a"}, {"a"}),
        ({"groups_in": ["a"]}, {"a"}, set()),
        ({"groups_out": ["a"]}, set(), {"a"}),
        ({"groups": ["a"], "groups_in": ["b"]}, {"a", "b"}, {"a"}),
        ({"groups_in": ["a"], "groups_out": ["b"]}, {"a"}, {"b"}),
    ],
)
def test_groups_of_those_who_come_without_a_certificate(
    stated: dict[str, list[str]], into: set[str], out: set[str]
) -> None:
    assert Listener(kind="tcp", port=0, **stated).directions() == (into, out)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ["listeners"]),
        ("listeners = []", ["no listener is enabled"]),
        (LISTENER + "enabled = false\n", ["no listener is enabled"]),
        (LISTENER.replace("tcp", "quic"), ["listeners[0].kind"]),
        (LISTENER.replace("port = 0", "port = 70000"), ["listeners[0].port"]),
        (LISTENER.replace("port = 0\n", ""), ["port"]),
        (
            LISTENER.replace('authentication = "none"', ""),
            ["listener 1 (tcp:0)", "anyone", 'authentication = "none"'],
        ),
        (
            LISTENER.replace('"none"', '"certificate"'),
            ["listener 1", "cannot ask for certificates", 'kind = "tls"'],
        ),
        (LISTENER.replace('nation = "EE"', ""), ["listener 1", "nation"]),
        (LISTENER + 'role = "chief"\n', ["listener 1", "'chief'", "viewer, member, admin"]),
        (LISTENER + "colour = 1\n", ["colour"]),
        (TLS + LISTENER.replace('nation = "EE"', ""), ["listener 2"]),
        (LISTENER + "[limits]\nburst = 0\n", ["limits.burst"]),
        (LISTENER + "[limits]\nbytes_per_s = inf\n", ["limits.bytes_per_s"]),
        (LISTENER + "[limits]\nconnections = 0\n", ["limits.connections"]),
        (LISTENER + "[clock]\ntolerance_s = nan\n", ["clock.tolerance_s"]),
        (LISTENER + "[clock]\ntolerance_s = 1e300\n", ["clock.tolerance_s"]),
        (LISTENER + '[clock]\nbeyond = "ignore"\n', ["clock.beyond"]),
        (LISTENER + "[chat]\nnewcomer_minutes = inf\n", ["chat.newcomer_minutes"]),
        (LISTENER + "[operate]\ntick_ms = 0\n", ["operate.tick_ms"]),
        ("format = 2\n" + LISTENER, ["format"]),
        (LISTENER + "port = 1\n", ["line"]),
        ("x = " + "[" * 5_000, ["recursion"]),
        (b"\xff\xfe", ["utf-8"]),
        (b"#" * (1 << 20) + b"\n", ["1 MiB"]),
    ],
)
def test_an_error_names_file_and_key(tmp_path: Path, text: str | bytes, named: list[str]) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, text)
    sentence = str(refused.value)
    for part in (str(tmp_path / "hub.toml"), *named):
        assert part in sentence
    assert refused.value.rule
    assert refused.value.remedy


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="vallum hub init"):
        read_config(tmp_path / "hub.toml")
    with pytest.raises(BadInput, match="cannot be read"):
        read_config(tmp_path)


def test_what_the_file_says_reaches_router_and_connections(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        LISTENER + "[clock]\ntolerance_s = 1.5\nbeyond = 'refuse'\nlongest_days = 2\nalert_hours = 3\n"
        "[chat]\nnewcomer_minutes = 0.5\n[limits]\noutbox_bytes = 7\npatience_s = 8\nevent_bytes = 9\nevent_depth = 10\n",
    )  # fmt: skip
    settings = _settings(config)
    assert (settings.outbox_bytes, settings.patience_s, settings.newcomer_chat_ms) == (7, 8.0, 30_000)
    skew = settings.skew
    assert (skew.tolerance, skew.refuse, skew.longest, skew.alert) == (1_500, True, 172_800_000, 10_800_000)
    limits = _shared(config, None).limits  # type: ignore[arg-type]
    assert (limits.size, limits.depth) == (9, 10)


def test_the_largest_numbers_that_are_taken_can_be_used(tmp_path: Path) -> None:
    text = (
        LISTENER
        + "[clock]\ntolerance_s = 1e9\nlongest_days = 1e9\nalert_hours = 1e9\n[chat]\nkeep_hours = 1e9\n"
    )
    assert _settings(read(tmp_path, text)).skew.tolerance == 10**12


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        (
            LISTENER.replace('"tcp"', '"tsl"'),
            '"tcp", "tls", "websocket", "udp", "mesh", "marti", "enrolment"',
        ),
        (LISTENER.replace('"none"', '"password"'), '"certificate", "none"'),
        (LISTENER + "[clock]\nbeyond = 'drop'\n", '"count from receipt", "refuse"'),
        ("format = 2\n" + LISTENER, "1"),
    ],
)
def test_a_word_that_is_none_of_the_choices_names_them(tmp_path: Path, text: str, choices: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, text)
    remedy = refused.value.remedy
    assert set(choices.split(", ")) == set(remedy.removeprefix("Write one of ").removesuffix(".").split(", "))
