"""Names come from outside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.core.errors import BadInput
from vallum.hub.pki import names
from vallum.hub.pki.folder import Folder


@pytest.mark.parametrize("name", ["Kadri", "Jüri Tamm", "A.B_c-9", "Λένα", "7th", "ž" * 32])
def test_names_of_people_are_taken(name: str) -> None:
    assert names.user(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " Kadri",
        "Kadri ",
        "Kadri.",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        "-rf",
        ".hidden",
        "x" * 65,
        "ž" * 33,
        "語" * 22,
        "a\u202eb",
        "a\u200bb",
        "\ud800",
        "<b>",
        "a:b",
        "a&b",
        "\u0301a",
    ],
)
def test_names_that_could_do_harm_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        names.user(name)


def test_the_same_name_in_two_encodings_is_one() -> None:
    assert names.user("Ju\u0308ri") == names.user("Jüri")


@given(st.text(max_size=70))
def test_a_name_that_is_taken_is_one_step_of_a_path(name: str) -> None:
    try:
        taken = names.user(name)
    except BadInput:
        return
    assert Path(taken).name == taken
    assert taken.isprintable()
    place = Folder(Path("/pki")).at(f"users/{taken}/{taken}.pem")
    assert place.parent.parent == Path("/pki/users")
    stem = names.file_stem(taken)
    assert stem.isascii()
    assert Path(stem).name == stem


def test_two_names_with_the_same_letters_get_different_files() -> None:
    assert names.file_stem("Jüri") != names.file_stem("Juri") != names.file_stem("Jūri")


@pytest.mark.parametrize("code", ["", "E", "ee", "EST", "E1", "ÄÖ", "EE\n"])
def test_a_nation_is_two_capital_letters(code: str) -> None:
    with pytest.raises(BadInput):
        names.nation(code)


@pytest.mark.parametrize("name", ["", " Blue", "Blue ", "a\tb", "x" * 65, "a\u202eb"])
def test_a_group_is_printable(name: str) -> None:
    with pytest.raises(BadInput):
        names.group(name)
    assert names.group("Sinine rühm / 2") == "Sinine rühm / 2"


def test_groups_have_a_bound() -> None:
    with pytest.raises(BadInput, match="65"):
        names.groups(f"g{number}" for number in range(65))


@pytest.mark.parametrize(
    ("written", "read"),
    [("Hub.Example.ORG", "hub.example.org"), ("192.0.2.7", "192.0.2.7"), ("2001:DB8:0::7", "2001:db8::7")],
)
def test_hosts(written: str, read: str) -> None:
    assert names.host(written) == read


@pytest.mark.parametrize(
    "host",
    ["", "a b", "*.example.org", "a..b", "-a", "hub_1", "1.2.3", "fe80::1%eth0", "x" * 65, "../a", "hüb"],
)
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(BadInput):
        names.host(host)


@pytest.mark.parametrize("text", ["", "short", "x" * 65, "pässword", "a\nbcdefg"])
def test_passwords_that_devices_read_differently_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        names.password(text)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "users/../../x", "", "a//b", "a\\b", "./a"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        Folder(tmp_path).write(name, b"")
