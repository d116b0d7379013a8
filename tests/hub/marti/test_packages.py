"""Data packages: what is read of them, and what would harm whoever unpacks them."""

import contextlib
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.conftest import run
from tests.hub.marti.conftest import bench
from tests.hub.marti.file_store import kept, only, package, send_file, send_package
from vallum.hub.marti.files.package import Content, NoArchive, Unsafe, inspect

MANIFEST = "MANIFEST/manifest.xml"
Write = Callable[[zipfile.ZipFile], object]


def archive(write: Write, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as one:
        write(one)
    return made.getvalue()


def named(name: str, mode: int = 0, body: str = "x") -> Write:
    info = zipfile.ZipInfo(name)
    info.filename = name  # the constructor makes some names harmless
    info.external_attr = mode << 16
    return lambda one: one.writestr(info, body, one.compression)


def twice(first: str, second: str) -> Write:
    return lambda one: (one.writestr(first, "x"), one.writestr(second, "y"))


def changed(data: bytes, place: int, value: bytes, kind: bytes = b"PK\1\2") -> bytes:
    """An archive with some bytes of the first entry of its directory replaced."""
    at = data.index(kind) + place
    return data[:at] + value + data[at + len(value) :]


def overlapping() -> bytes:
    data = archive(lambda one: [one.writestr(f"{number}", "x" * 5_000) for number in range(2)])
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 1)
    return data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]


PLAIN = archive(named("a.txt"))
UNSAFE = {
    "leads out": [
        archive(named(name)) for name in ("/etc/passwd", "../x", "a/../../x", "C:/x", "..\\x", "a\\..\\..\\x")
    ],
    "no proper name": [archive(named(name)) for name in ("", "a\nb", "x" * 1_025)]
    + [archive(named("a_b")).replace(b"a_b", b"a\0b")],
    "folders deep": [archive(named("/".join("a" * 40)))],
    "a link or a device": [archive(named("a", mode)) for mode in (stat.S_IFLNK | 0o777, stat.S_IFCHR, stat.S_IFIFO)],
    "encrypted": [changed(PLAIN, 8, b"\1")],
    "packed in a way": [archive(named("a"), zipfile.ZIP_BZIP2), archive(named("a"), zipfile.ZIP_LZMA)],
    "two entries": [archive(twice(*pair)) for pair in (("a", "A"), ("d/", "d"), ("a/b", "a\\b"), ("õ", "o\u0303"))],
    "overlaps": [overlapping()],
    "unpacks to": [changed(PLAIN, 24, struct.pack("<I", size)) for size in (70 << 20, 0xFFFFFFF0)],
    "entries": [archive(lambda one: [one.writestr(f"{number}", "") for number in range(10_001)])],
    "manifest cannot be read": [
        archive(named(MANIFEST, body=body))
        for body in (
            "", "<a>", "no xml", '<?xml version="1.0" encoding="none"?><a/>',
            '<?xml version="1.0" encoding="shift_jis"?><a/>', '<?xml version="1.0" encoding="utf-32"?><a/>',
            '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        )
    ],
    "manifest of more than": [
        archive(named(MANIFEST, body="<a>" + " " * 1_100_000 + "</a>")),
        archive(named(MANIFEST, body="<a>" + "<b/>" * 60_000 + "</a>")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("why", UNSAFE)
def test_what_would_harm_is_refused(tmp_path: Path, why: str) -> None:
    path = tmp_path / "x.zip"
    for data in UNSAFE[why]:
        path.write_bytes(data)
        with pytest.raises(Unsafe, match=why):
            inspect(path)


def test_an_archive_that_states_a_huge_directory_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    body = b"PK\1\2" + bytes(9_000_000)
    path.write_bytes(body + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(body), 0, 0))
    with pytest.raises(Unsafe, match="directory of more"):
        inspect(path)


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"hello", PLAIN[:-5], PLAIN[:20] + PLAIN[40:]])
def test_what_is_no_archive_is_told_from_what_would_harm(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(NoArchive):
        inspect(path)


def test_a_manifest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(package("Õppus", "U"))
    found = inspect(path)
    assert found is not None
    assert found.parameters == {"uid": "U", "name": "Õppus"}
    assert found.contents == (Content("maps/one.kml", ignore=False, parameters={"uid": "ONE"}),)
    path.write_bytes(archive(twice("a.txt", "b/c.txt")))
    assert inspect(path) is None
    # Older programs of Windows write backslashes.
    path.write_bytes(
        archive(
            named("manifest\\MANIFEST.XML", body='<M><Contents><Content zipEntry="a\\b"/></Contents></M>')
        )
    )
    found = inspect(path)
    assert found is not None
    assert found.contents[0].entry == "a/b"


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_archive_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(package())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.zip"
    path.write_bytes(whole[: data.draw(st.sampled_from([len(whole), len(whole) - 30]))])
    with contextlib.suppress(NoArchive, Unsafe):
        inspect(path)


def test_harmful_packages_are_not_kept_and_plain_files_are(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            bomb = archive(named("../x"))
            for data, status in ((bomb, 400), (b"no zip", 400), (PLAIN, 200), (package(), 200)):
                reply = await send_package(site, data)
                assert reply.status == status
                assert status == 200 or reply.json["rule"] == "data package"
            assert len(kept(tmp_path)) == 2
            # What claims to be nothing is kept as it is, until it is to be found among the packages.
            text = await send_package(site, b"plain", mimetype="text/plain", filename="a.txt")
            assert text.status == 200
            made = await send_file(site, bomb, name="a.bin")
            assert made.status == 200
            field = f"/Marti/api/sync/metadata/{made.json['Hash']}/keywords"
            for keyword, status in (("other", 200), ("missionPackage", 400)):
                reply = await site.ask(field, method="PUT", data=f'["{keyword}"]')
                assert reply.status == status

    run(work())
