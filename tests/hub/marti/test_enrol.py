"""Enrolment over HTTPS: certificates for who knows a password or holds a token, in every form clients read."""

import asyncio
import base64
import contextlib
import io
import json
import ssl
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from defusedxml import ElementTree

from tests.hub.conftest import POLICY, StreamClient, presence, run, until
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.enrolling import (
    KEY,
    PASSWORD,
    V2,
    bare,
    basic,
    certificate,
    come,
    csr,
    newcomer,
    request_of,
    sign,
    with_password,
    with_token,
)
from vallum.core.errors import BadInput
from vallum.hub.config import Listener
from vallum.hub.server import Hub

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
USERS = {"kadri": ("EE", "member"), "aino": ("FI", "viewer")}
KEYS = {"P-256": KEY, "P-384": ec.generate_private_key(ec.SECP384R1()), "P-521": ec.generate_private_key(ec.SECP521R1()),
        "RSA": RSA, "Ed25519": ed25519.Ed25519PrivateKey.generate()}  # fmt: skip


def trusting(site: Bench, issued: x509.Certificate, key: Any, folder: Path) -> ssl.SSLContext:
    """TLS of who has just enrolled."""
    file = folder / "enrolled.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + issued.public_bytes(Encoding.PEM)
    )
    context = ssl.create_default_context(cafile=str(site.folder / "pki" / "ca.pem"))
    context.load_cert_chain(file)
    return context


def test_what_a_request_should_hold_is_said_as_clients_read_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            with_password(site)
            reply = await come(site, "/Marti/api/tls/config", "kadri", PASSWORD)
            assert (reply.status, reply.headers["content-type"]) == (200, "application/xml")
            assert b"<ns2:certificateConfig " in reply.body
            entries = ElementTree.fromstring(reply.body).iter("{http://bbn.com/marti/xml/config}nameEntry")
            assert {one.get("name"): one.get("value") for one in entries} == {"O": "Vallum", "OU": "EE"}
            bodyless = await come(site, "/Marti/api/tls/config", "kadri", PASSWORD, "HEAD")
            assert (bodyless.status, bodyless.body) == (200, b"")
            # On the port for those who have a certificate it is the same for all of them.
            assert (await site.ask("/Marti/api/tls/config", "aino")).status == 200

    run(work())


def test_the_hub_sets_everything_but_the_key(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS, certificate_days=3) as site:
            with_password(site)
            reply = await sign(site, "kadri", PASSWORD)
            assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
            issued = certificate(reply.json["signedCert"])
            assert certificate(reply.json["ca0"]) == site.authority.certificate
            assert set(reply.json) == {"signedCert", "ca0"}
            assert issued.subject.rfc4514_string() == "CN=kadri,C=EE"
            assert issued.public_key() == KEY.public_key()
            assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            left = issued.not_valid_after_utc - datetime.now(UTC)
            assert timedelta(days=2) < left <= timedelta(days=3)
            issued.verify_directly_issued_by(site.authority.certificate)

    run(work())


def test_newcomers_with_keys_of_every_kind_enrol_and_stream_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            mart = await site.stream("kadri")
            for kind, key in KEYS.items():
                newcomer(site, kind)
                body = request_of(kind, key) if kind == "Ed25519" else csr(kind, key)
                reply = await sign(site, kind, with_token(site, kind), body)
                assert reply.status == 200, reply.body
                tls = trusting(site, certificate(reply.json["signedCert"]), key, tmp_path)
                client = await StreamClient.to(site.hub, "tls", ssl=tls)
                await client.send(presence(f"UUS-{kind}"))
                await mart.get(f"UUS-{kind}")
                (session,) = [one for one in site.hub.router.sessions if one.principal.name == kind]
                assert (session.principal.nation, session.principal.role) == ("EE", "member")
                await client.close()
            await mart.close()

    run(work())


FORMS = {
    None: "json",
    "": "json",
    "*/*": "json",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml, */*;q=0.1": "xml",
    "application/xml;q=0.5, application/json": "json",
    "text/html, image/gif, *; q=.2, */*; q=.2": "json",
}


def test_the_form_is_what_the_client_accepts(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            for accept, form in FORMS.items():
                skipped = (
                    {"skip_auto_headers": ["Accept"]} if accept is None else {"headers": {"Accept": accept}}
                )
                reply = await sign(site, "kadri", with_token(site), bare(csr("kadri")), **skipped)
                assert (reply.status, reply.headers["content-type"]) == (200, f"application/{form}"), accept
                if form == "xml":
                    root = ElementTree.fromstring(reply.body)
                    assert root.tag == "enrollment"
                    found = [certificate(root.findtext("signedCert")), certificate(root.findtext("ca"))]
                else:
                    assert not reply.json["signedCert"].startswith("-----")
                    found = [certificate(reply.json["signedCert"]), certificate(reply.json["ca0"])]
                assert found[0].public_key() == KEY.public_key()
                assert found[1] == site.authority.certificate

    run(work())


def test_the_older_call_answers_with_a_store_that_holds_no_key(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            token = with_token(site)
            reply = await sign(site, "kadri", token, path="/Marti/api/tls/signClient?clientUid=A&version=3")
            assert (reply.status, reply.headers["content-type"]) == (200, "application/octet-stream")
            store = pkcs12.load_pkcs12(reply.body, b"atakatak")
            assert (store.key, store.cert) == (None, None)
            assert [one.friendly_name for one in store.additional_certs] == [b"signedCert", b"ca0"]
            assert store.additional_certs[0].certificate.public_key() == KEY.public_key()

    run(work())


def test_requests_come_in_every_wrapping(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            with_password(site)
            pem = csr("kadri")
            lines = bare(pem)
            for body in (
                pem, pem.replace(b"\n", b"\r\n"), pem.replace(b" CERTIFICATE", b" NEW CERTIFICATE"),
                lines, lines.replace(b"\n", b""), b"\n" + lines + b"\n\n",
            ):  # fmt: skip
                assert (await sign(site, "kadri", PASSWORD, body)).status == 200, body

    run(work())


def test_a_certificate_renews_itself(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            renewed = await site.ask(V2, "kadri", "POST", data=csr("kadri"))
            assert renewed.status == 200
            other = await site.ask(V2, "kadri", "POST", data=csr("aino"))
            assert (other.status, other.json["rule"]) == (403, "certificate request")
            # A password says nothing here; the certificate alone counts.
            with_password(site, "aino")
            aino = basic("aino", PASSWORD)
            assert (await site.ask(V2, "kadri", "POST", data=csr("aino"), headers=aino)).status == 403
            # What was had with a certificate that is revoked is revoked with it.
            first = site.issued["kadri"].certificate.serial
            revoked = site.authority.revoke(now=datetime.now(UTC), serial=first)
            issued = certificate(renewed.json["signedCert"])
            assert [one.serial for one in revoked] == [first, f"{issued.serial_number:x}"]
            with contextlib.suppress(aiohttp.ServerDisconnectedError):  # it may be cut off while it asks
                assert (await site.ask(V2, "kadri", "POST", data=csr("kadri"))).status in (401, 403)
            assert len(site.authority.registry().valid_of("kadri", datetime.now(UTC))) == 0

    run(work())


def test_profiles_tell_where_the_stream_is(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            token = with_token(site)
            assert (await sign(site, "kadri", token)).status == 200
            # A device asks for this when it has used its token.
            reply = await come(site, "/Marti/api/tls/profile/enrollment?clientUid=A", "kadri", token)
            assert (reply.status, reply.headers["content-type"]) == (200, "application/zip")
            with zipfile.ZipFile(io.BytesIO(reply.body)) as package:
                manifest = ElementTree.fromstring(package.read("MANIFEST/manifest.xml"))
                (entry,) = [one.get("zipEntry") for one in manifest.iter("Content")]
                preferences = ElementTree.fromstring(package.read(str(entry)))
            values = {one.get("key"): one.text for one in preferences.iter("entry")}
            assert values["connectString0"] == f"127.0.0.1:{site.hub.site.marti.stream_port}:ssl"
            connection = "/Marti/api/device/profile/connection?syncSecago=0&clientUid=A"
            assert (await site.ask(connection)).status == 204
            for path in (connection, "/Marti/api/tls/profile/tool/x/file?relativePath=/y"):
                assert (await come(site, path, "kadri", token)).status == 204

    run(work())


def test_a_login_gives_a_token_for_a_while(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            with_password(site)
            query = {"grant_type": "password", "username": "kadri", "password": PASSWORD}
            reply = await site.ask("/oauth/token", None, "POST", "enrolment", params=query)
            assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
            token = reply.json["access_token"]
            # As clients take it apart: all of it is one piece of base64.
            text = base64.b64decode(token.replace(".", "") + "==", altchars=b"-_")
            claims = json.loads(text.split(b"}")[1] + b"}")
            assert (claims["sub"], claims["exp"] - claims["iat"]) == ("kadri", reply.json["expires_in"])
            form = await site.ask("/oauth/token", None, "POST", "enrolment", data=query)
            assert form.status == 200
            bearer = {"Authorization": f"Bearer {token}"}
            config = "/Marti/api/tls/config"
            assert (await site.ask(config, None, listener="enrolment", headers=bearer)).status == 200
            signed = await site.ask(V2, None, "POST", "enrolment", headers=bearer, data=csr("kadri"))
            assert signed.status == 200
            for broken in (token[:-2], f"{token}x", token.replace(".", ""), "", "a.b.c"):
                headers = {"Authorization": f"Bearer {broken}"}
                assert (await site.ask(config, None, listener="enrolment", headers=headers)).status == 401
            # On the other port the certificate alone counts.
            with pytest.raises(aiohttp.ClientError):
                await site.ask(config, None, headers=bearer)
            # It does not outlive what it was given for.
            site.authority.revoke(now=datetime.now(UTC), name="kadri")
            gone = await site.ask(config, None, listener="enrolment", headers=bearer)
            assert (gone.status, gone.json["rule"]) == (401, "password")

    run(work())


def test_a_login_does_not_make_a_token_last_longer(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            query = {"username": "kadri", "password": with_token(site)}
            reply = await site.ask("/oauth/token", None, "POST", "enrolment", params=query)
            bearer = {"Authorization": f"Bearer {reply.json['access_token']}"}
            answers = [
                await site.ask(V2, None, "POST", "enrolment", headers=bearer, data=csr("kadri"))
                for _ in range(2)
            ]
            assert [one.status for one in answers] == [200, 403]

    run(work())


def test_the_authoritys_key_is_needed_at_the_start_and_for_each_signature_and_not_kept(
    tmp_path: Path,
) -> None:
    key = tmp_path / "pki" / "ca.key"

    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            token, kept = with_token(site), key.read_bytes()
            key.unlink()
            reply = await sign(site, "kadri", token)
            assert (reply.status, reply.json["rule"]) == (503, "authority")
            assert str(tmp_path) not in reply.body.decode()
            key.touch(0o600)
            key.write_bytes(kept)
            assert (await sign(site, "kadri", token)).status == 200
            config = site.hub.config
        key.unlink()
        hub = Hub(config, POLICY, tmp_path)
        with pytest.raises(BadInput, match="no such file") as caught:
            await hub.start()
        assert caught.value.where == str(key)
        assert "enabled = false" in caught.value.remedy

    run(work())


def test_users_of_another_nation_do_not_enrol_at_a_listener_of_one(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            newcomer(site, "teine", "FI")
            config, token = site.hub.config, with_token(site, "teine")
        listeners = [Listener(kind="enrolment", name="enrolment", port=0, nation="EE")]
        hub = Hub(msgspec.structs.replace(config, listeners=listeners), POLICY, tmp_path)
        await hub.start()
        other = Bench(hub, tmp_path, site.authority, {})
        try:
            reply = await sign(other, "teine", token)
            assert (reply.status, reply.json["rule"]) == (403, "nation")
        finally:
            await other.close()
            await hub.stop()

    run(work())


def test_one_token_is_used_once_also_at_the_same_moment(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            token = with_token(site)
            answers = await asyncio.gather(*(sign(site, "kadri", token) for _ in range(6)))
            assert sorted(one.status for one in answers) == [200, *[403] * 5]
            known = site.authority.registry()
            assert len([one for one in known.certificates if one.name == "kadri"]) == 2
            await until(lambda: site.hub.directory and site.hub.directory.refresh() is False)

    run(work())
