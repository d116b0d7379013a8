"""PKCS#12 files and connection packages, read back by whoever is at hand."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from lxml import etree

from vallum.core.errors import BadInput
from vallum.hub.pki import Authority, Delivery, IssuedUser
from vallum.hub.pki.stores import random_password

PASSWORD = "correct horse"  # noqa: S105
OLD_FORM = "pbeWithSHA1And3-KeyTripleDES-CBC"


def by_ending(issued: IssuedUser) -> dict[str, Path]:
    return {
        "client": next(file for file in issued.files if file.suffix == ".p12" and "trust" not in file.name),
        "trust": next(file for file in issued.files if file.name.startswith("truststore-")),
        "atak": next(file for file in issued.files if file.name.endswith("-atak.zip")),
        "itak": next(file for file in issued.files if file.name.endswith("-itak.zip")),
    }


def entries_of(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.read_bytes())) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def preferences(content: bytes) -> dict[str, dict[str, tuple[str, str | None]]]:
    root = etree.fromstring(content)
    assert root.tag == "preferences"
    return {
        group.get("name"): {
            entry.get("key"): (entry.get("class").removeprefix("class java.lang."), entry.text)
            for entry in group
        }
        for group in root
    }


def manifest(content: bytes) -> tuple[dict[str, str], list[str]]:
    root = etree.fromstring(content)
    assert (root.tag, root.get("version")) == ("MissionPackageManifest", "2")
    parameters = {one.get("name"): one.get("value") for one in root.find("Configuration")}
    return parameters, [one.get("zipEntry") for one in root.find("Contents")]


@pytest.mark.parametrize("encryption", ["3des", "aes256"])
def test_the_stores_hold_key_certificate_and_authority(
    authority: Authority, issue: Callable[..., IssuedUser], encryption: str
) -> None:
    issued = issue("Jüri", delivery=Delivery(password=PASSWORD, encryption=encryption))
    files = by_ending(issued)
    client = load_pkcs12(files["client"].read_bytes(), PASSWORD.encode())
    assert client.key is not None
    assert client.cert is not None
    assert client.cert.certificate.public_bytes(Encoding.PEM) == issued.files[1].read_bytes()
    assert client.cert.friendly_name == "Jüri at localhost".encode()
    trusted = [one.certificate for one in client.additional_certs]
    assert trusted == [authority.certificate]
    trust = load_pkcs12(files["trust"].read_bytes(), PASSWORD.encode())
    assert (trust.key, trust.cert) == (None, None)
    assert [one.certificate for one in trust.additional_certs] == [authority.certificate]
    with pytest.raises(ValueError, match=r"(?i)password|mac"):
        load_pkcs12(files["client"].read_bytes(), b"atakatak")


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command on this machine")
@pytest.mark.parametrize("which", ["client", "trust"])
def test_openssl_reads_the_stores_in_the_old_form(issue: Callable[..., IssuedUser], which: str) -> None:
    file = by_ending(issue())[which]
    said = subprocess.run(
        ["openssl", "pkcs12", "-info", "-nodes", "-in", file, "-passin", f"pass:{PASSWORD}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "MAC: sha1" in said.stderr
    assert said.stderr.count(OLD_FORM) == (2 if which == "client" else 1)
    assert ("BEGIN PRIVATE KEY" in said.stdout) == (which == "client")


@pytest.mark.skipif(not shutil.which("keytool"), reason="no Java keytool on this machine")
@pytest.mark.parametrize(("which", "entry"), [("client", "PrivateKeyEntry"), ("trust", "trustedCertEntry")])
def test_java_finds_its_entry(issue: Callable[..., IssuedUser], which: str, entry: str) -> None:
    command = ["keytool", "-list", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"]
    said = subprocess.run([*command, by_ending(issue())[which]], capture_output=True, text=True, check=False)
    assert entry in said.stdout


def test_the_package_for_atak_and_wintak(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    authority.issue_server(["hub.example.org"], now=now)
    delivery = Delivery(password=PASSWORD, port=18089)
    issued = issue("Jüri Tamm", delivery=delivery)
    files = by_ending(issued)
    entries = entries_of(files["atak"])
    parameters, listed = manifest(entries.pop("MANIFEST/manifest.xml"))
    assert listed == list(entries)
    assert parameters["name"] == "hub.example.org Jüri Tamm"
    assert parameters["onReceiveDelete"] == "true"
    client, trust = files["client"].name, files["trust"].name
    assert trust == "truststore-hub.example.org.p12"
    assert client.isascii()
    assert client.endswith("-hub.example.org.p12")
    assert entries[f"certs/{client}"] == files["client"].read_bytes()
    assert entries[f"certs/{trust}"] == files["trust"].read_bytes()
    read = preferences(entries["prefs/preference.pref"])
    stores = {
        "caLocation": ("String", f"cert/{trust}"),
        "caPassword": ("String", PASSWORD),
        "certificateLocation": ("String", f"cert/{client}"),
        "clientPassword": ("String", PASSWORD),
    }
    assert read["cot_streams"] == {
        "count": ("Integer", "1"),
        "description0": ("String", "hub.example.org Jüri Tamm"),
        "enabled0": ("Boolean", "true"),
        "connectString0": ("String", "hub.example.org:18089:ssl"),
        **{f"{key}0": value for key, value in stores.items()},
    }
    assert stores.items() <= read["com.atakmap.app_preferences"].items()


def test_the_package_for_itak_is_flat_and_without_numbered_stores(issue: Callable[..., IssuedUser]) -> None:
    files = by_ending(issue())
    entries = entries_of(files["itak"])
    _, listed = manifest(entries.pop("manifest.xml"))
    assert listed == list(entries) == ["config.pref", files["trust"].name, files["client"].name]
    read = preferences(entries["config.pref"])
    assert read["cot_streams"]["connectString0"] == ("String", "localhost:8089:ssl")
    assert not any(key.startswith(("ca", "certificate", "client")) for key in read["cot_streams"])
    assert read["com.atakmap.app_preferences"]["clientPassword"] == ("String", PASSWORD)


def test_a_password_with_signs_of_xml_survives(issue: Callable[..., IssuedUser]) -> None:
    password = "<&>\"' ]]>"  # noqa: S105
    files = by_ending(issue(delivery=Delivery(password=password)))
    read = preferences(entries_of(files["atak"])["prefs/preference.pref"])
    assert read["cot_streams"]["caPassword0"] == ("String", password)
    assert load_pkcs12(files["client"].read_bytes(), password.encode()).key is not None


@pytest.mark.parametrize("which", ["atak", "itak"])
def test_pytak_finds_its_way(issue: Callable[..., IssuedUser], tmp_path: Path, which: str) -> None:
    functions = pytest.importorskip("pytak.functions")
    files = by_ending(issue())
    unpacked = functions.unzip_file(str(files[which]), str(tmp_path / "unpacked"))
    read = functions.load_preferences(functions.find_file(unpacked, "*.pref"), unpacked)
    assert read["connect_string"] == "localhost:8089:ssl"
    assert read["client_password"] == PASSWORD
    assert Path(read["certificate_location"]).read_bytes() == files["client"].read_bytes()


def test_a_package_leads_only_where_the_hub_has_a_certificate_for(
    authority: Authority, issue: Callable[..., IssuedUser]
) -> None:
    with pytest.raises(BadInput, match=r"localhost, 127\.0\.0\.1"):
        issue(delivery=Delivery(password=PASSWORD, host="elsewhere.example.org"))
    with pytest.raises(BadInput, match="IPv6"):
        issue(delivery=Delivery(password=PASSWORD, host="::1"))
    assert authority.registry().users == {}


def test_without_a_server_there_is_nothing_to_connect_to(tmp_path: Path, now: datetime) -> None:
    from vallum.hub.pki import UserRequest

    made = Authority.create(tmp_path / "pki", name="Test", now=now)
    with pytest.raises(BadInput, match="no valid server certificate"):
        made.issue_user(UserRequest(name="Kadri", nation="EE"), Delivery(password=PASSWORD), now=now)


def test_a_random_password_is_another_each_time() -> None:
    made = {random_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 20 and one.isalnum() and one.isascii() for one in made)
