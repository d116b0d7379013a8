"""`vallum hub demo`."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from vallum.cli.hub_demo import endpoint_of, split
from vallum.hub.demo.link import Endpoint

ELSEWHERE = ("--to", "localhost:1", "--nation", "EE", "--cert", "a", "--key", "b", "--ca", "c")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's folder whose hub does not run: its port is one that nobody listens on."""
    from datetime import UTC, datetime

    from vallum.hub.pki import Authority

    made = tmp_path_factory.mktemp("hub")
    (made / "policy.toml").write_text('nations = ["EE", "LV", "LT"]\n')
    (made / "hub.toml").write_text('[[listeners]]\nkind = "tls"\nport = 1\n')
    Authority.create(made / "pki", name="A", now=datetime.now(UTC)).issue_server(now=datetime.now(UTC))
    return made


def test_alone_it_makes_a_hub_and_shows_what_each_nation_sees(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    done = run("hub", "demo", "--seconds", "2.3", "--rate", "0.5", "--units", "30")
    assert done.code == 0
    assert "30 invented units of EE, LV, LT, a viewer of each nation" in done.err
    assert "EE sees EE 10/10, LV 7/10, LT 0/10" in done.err
    assert "What each nation sees after 2 s" in done.out
    assert "10 of 10" in done.out
    assert list(tmp_path.iterdir()) == []


def test_json_is_one_document(run: Callable) -> None:
    done = run(
        "hub", "demo", "--seconds", "1.2", "--rate", "0.5", "--nations", "ee, lv", "--units", "7", "--json"
    )
    document = done.document("hub-demo")
    assert done.code == 0
    assert document["self_contained"]
    assert [(feed["nation"], feed["units"]) for feed in document["feeds"]] == [("EE", 4), ("LV", 3)]
    assert all(feed["events"] > 0 and feed["connections"] == 1 for feed in document["feeds"])
    assert [viewer["units"] for viewer in document["viewers"]] == [{"EE": 4, "LV": 3}] * 2


def test_ctrl_c_ends_it_in_good_order(run: Callable) -> None:
    timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    done = run("hub", "demo", "--rate", "0.5", "--nations", "LT", "--json")
    timer.join()
    assert done.code == 0
    assert done.document("hub-demo")["viewers"][0]["units"] == {"LT": 10}


def test_a_hub_that_does_not_run_is_named_and_exits_1(run: Callable, folder: Path) -> None:
    done = run("hub", "demo", "--config", folder / "hub.toml", "--nations", "EE", "--seconds", "0.5")
    assert done.code == 1
    assert "demo-EE: 127.0.0.1:1: Connection refused; again in 0.5 s." in done.err
    assert f"vallum pki user NAME --nation EE --dir {folder / 'pki'}" in done.err
    assert "let in 0 times" in done.out


def test_groups_are_those_of_the_users(run: Callable, folder: Path) -> None:
    words = (
        "--config",
        folder / "hub.toml",
        "--nations",
        "LV",
        "--seconds",
        "0.2",
        "--group",
        "Blue",
        "--json",
    )
    assert run("hub", "demo", *words).document("hub-demo")["feeds"][0]["events"] == 0
    listed = run("pki", "list", "--dir", folder / "pki", "--json").document("pki-list")
    user = next(one for one in listed["certificates"] if one["name"] == "demo-LV")
    assert (user["groups_in"], user["groups_out"], user["role"]) == (["Blue"], ["Blue"], "member")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--nations", "FI"), "nation 'FI'"),
        (("--nations", ""), "each nation must be named once"),
        (("--nations", "EE,EE"), "each nation must be named once"),
        (("--units", "2"), "2 units do not go with 3 nations"),
        (("--units", "1.5"), "whole number"),
        (("--units", "3000", "--rate", "1"), "above 200 events a second"),
        (("--rate", "0"), "greater than 0"),
        (("--rate", "0.01"), "at least 0.1 s"),
        (("--seconds", "-1"), "greater than 0"),
        (("--seed", "-1"), "from 0 to"),
        (("--config", "nowhere.toml"), "nowhere.toml"),
        (("--group", "Blue"), "--group is for --config"),
        (("--nation", "EE"), "are for --to"),
        (ELSEWHERE[:4], "--to needs --cert, --key, --ca as well"),
        ((*ELSEWHERE, "--config", "hub.toml"), "--to goes with none of"),
        ((*ELSEWHERE, "--nations", "EE"), "--to goes with none of"),
        (("--to", "localhost", *ELSEWHERE[2:]), "is no HOST:PORT"),
        (("--to", "localhost:0", *ELSEWHERE[2:]), "is no HOST:PORT"),
        ((*ELSEWHERE[:2], "--nation", "EE,LV", *ELSEWHERE[4:]), "nation 'EE,LV'"),
        (ELSEWHERE, "there is no such file"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(
    run: Callable, words: tuple[str, ...], said: str
) -> None:
    done = run("hub", "demo", *words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_addresses_are_read_with_names_and_in_both_families() -> None:
    assert endpoint_of("hub.example.org:8089") == Endpoint("hub.example.org", 8089, "hub.example.org")
    assert endpoint_of("[::1]:8089") == Endpoint("::1", 8089, "::1")
    assert str(endpoint_of("[::1]:8089")) == "[::1]:8089"


def test_nations_may_be_written_with_blanks_and_in_small_letters() -> None:
    assert split(" ee,LV , ") == ("EE", "LV")
