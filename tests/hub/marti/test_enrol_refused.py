"""Who and what is refused at enrolment, with which words, and that it leaves nothing behind."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.hub.conftest import run
from tests.hub.marti.conftest import Bench, Reply, bench
from tests.hub.marti.enrolling import (
    PASSWORD,
    V2,
    bare,
    basic,
    come,
    csr,
    newcomer,
    request_of,
    sign,
    with_password,
    with_token,
)
from vallum.hub.pki.enrol import unlock

CONFIG = "/Marti/api/tls/config"
USERS = {"kadri": ("EE", "member")}
WRONG = "õige hobune klambris"
STORED = 16 * 1024


def said(reply: Reply) -> tuple[int, str]:
    """Status and rule; every refusal is JSON that says what is wrong and what to do."""
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["message"]
    return reply.status, reply.json["rule"]


def issued(site: Bench) -> int:
    return len(site.authority.registry().certificates)


def test_a_wrong_password_and_a_wrong_name_are_refused_in_the_same_words(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            with_password(site)
            newcomer(site, "ilma paroolita")
            replies = [
                await come(site, CONFIG, name, WRONG)
                for name in ("kadri", "nobody", "ilma paroolita", "../x")
            ]
            assert {said(one) for one in replies} == {(401, "password")}
            assert len({one.body for one in replies}) == 1
            assert replies[0].headers["www-authenticate"].startswith("Basic realm=")
            assert b"kadri" not in replies[0].body
            for header in (
                {}, {"Authorization": ""}, {"Authorization": "Basic"}, {"Authorization": "Basic ?"},
                {"Authorization": "Digest x"}, {"Authorization": "Basic " + base64.b64encode(b"kadri").decode()},
                basic("", ""), basic("kadri", ""), basic("kadri", "x" * 5000), {"Authorization": "Bearer ÿ"},
            ):  # fmt: skip
                refused = await site.ask(CONFIG, None, listener="enrolment", headers=header)
                assert said(refused) == (401, "password"), header
            # A name outside ASCII, as older clients write it.
            latin = {"headers": basic("kadri", PASSWORD, "latin-1")}
            assert (await site.ask(CONFIG, None, listener="enrolment", **latin)).status == 200

    run(work())


def test_who_guesses_is_locked_out_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    async def guess() -> None:
        async with bench(tmp_path, users=USERS, attempts=2, lockout_s=600) as site:
            with_password(site)
            assert said(await come(site, CONFIG, "kadri", WRONG))[0] == 401
            assert (await come(site, CONFIG, "kadri", PASSWORD)).status == 200
            # In a row: the right one in between has made a new beginning.
            for name in ("kadri", "nobody"):
                for _ in range(2):
                    assert said(await come(site, CONFIG, name, WRONG))[0] == 401
                locked = await come(site, CONFIG, name, PASSWORD)
                assert said(locked) == (429, "lock-out")
                assert 590 < int(locked.headers["retry-after"]) <= 600
                assert "unlock" in locked.json["remedy"]

    async def again() -> None:
        async with bench(tmp_path, users=USERS, attempts=2, lockout_s=600) as site:
            assert said(await come(site, CONFIG, "kadri", PASSWORD)) == (429, "lock-out")
            query = {"username": "kadri", "password": PASSWORD}
            login = await site.ask("/oauth/token", None, "POST", "enrolment", params=query)
            assert said(login) == (429, "lock-out")
            # A stranger's guesses do not keep out who holds a token.
            assert (await sign(site, "kadri", with_token(site))).status == 200
            assert unlock(site.authority.folder, "kadri")
            assert (await come(site, CONFIG, "kadri", PASSWORD)).status == 200

    run(guess())
    run(again())


def test_an_address_that_guesses_at_many_names_is_slowed_down(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS, attempts=1) as site:
            with_password(site)
            for number in range(10):
                assert said(await come(site, CONFIG, f"name {number}", WRONG)) == (401, "password")
            refused = await come(site, CONFIG, "kadri", PASSWORD)
            assert said(refused) == (429, "address")
            assert int(refused.headers["retry-after"]) >= 1
            assert (await come(site, CONFIG, "kadri", with_token(site))).status == 200

    run(work())


def test_a_token_that_is_used_expired_or_withdrawn_is_none(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            before, used = issued(site), with_token(site)
            assert (await sign(site, "kadri", used)).status == 200
            assert said(await sign(site, "kadri", used)) == (403, "enrolment")
            expired = with_token(site, valid=timedelta(microseconds=1))
            reply = await sign(site, "kadri", expired)
            assert said(reply) == (401, "password")
            assert "expired" in reply.json["message"]
            assert "--token" in reply.json["remedy"]
            newcomer(site, "teine")
            assert (await sign(site, "teine", with_token(site), csr("teine"))).status == 401
            assert issued(site) == before + 1
            withdrawn = with_token(site)
            with_password(site)
            site.authority.revoke(now=datetime.now(UTC), name="kadri")
            for secret in (withdrawn, used, PASSWORD):
                assert said(await sign(site, "kadri", secret)) == (401, "password")
            assert issued(site) == before + 1

    run(work())


def bodies() -> dict[bytes, tuple[int, str, str]]:
    """What a request must not be, and what is said of it."""
    pem = csr("kadri")
    lines = bare(pem)
    other = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    der = base64.b64decode(lines)
    two = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one) for one in ("kadri", "aino")])
    )
    nameless = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    key = ec.generate_private_key(ec.SECP256R1())
    return {
        b"": (400, "certificate request", "empty"),
        lines[:20] + b"?" + lines[20:]: (400, "certificate request", "byte 20 "),
        pem.replace(b"\n", b"\n!", 2): (400, "certificate request", "byte 36 "),
        lines[:-1]: (400, "certificate request", "missing"),
        base64.b64encode(b"\x30\x03abc"): (400, "certificate request", "PKCS#10"),
        base64.b64encode(der[:-1] + bytes([der[-1] ^ 1])): (400, "certificate request", "signed"),
        b"\xff\xfe" + lines: (400, "certificate request", "byte 0 "),
        csr("aino"): (403, "certificate request", "common name"),
        csr("Kadri"): (403, "certificate request", "common name"),
        two.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM): (
            403,
            "certificate request",
            "common name",
        ),
        nameless.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM): (
            403,
            "certificate request",
            "common",
        ),
        csr("kadri", other): (400, "key", "RSA of 1024 bits"),
        csr("kadri", ec.generate_private_key(ec.SECP256K1())): (400, "key", "secp256k1"),
        b"A" * (STORED + 1): (413, "size", f"{STORED} bytes"),
    }


def test_a_request_that_cannot_be_used_uses_no_token_up(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            before, token = issued(site), with_token(site)
            for body, (status, rule, words) in bodies().items():
                for path in (V2, "/Marti/api/tls/signClient"):
                    reply = await sign(site, "kadri", token, body, path)
                    assert said(reply) == (status, rule), body
                    assert words in reply.json["message"]
            assert issued(site) == before
            assert (await sign(site, "kadri", token)).status == 200

    run(work())


def test_calls_that_are_not_made_so_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            token = with_token(site)
            for method in ("GET", "HEAD", "PUT", "DELETE"):
                for path in (V2, "/Marti/api/tls/signClient"):
                    assert (await come(site, path, "kadri", token, method)).status == 405
            assert (await come(site, CONFIG, "kadri", token, "POST")).status == 405
            assert (await come(site, "/oauth/token", "kadri", token)).status == 405
            # Nothing else of the hub is to be had without a certificate.
            for path in ("/Marti/api/version", "/Marti/api/missions", "/Marti/sync/content?hash=0"):
                assert (await come(site, path, "kadri", token)).status == 404
            for accept in ("text/html", "application/json;q=0", "image/*, application/xml;q=x"):
                reply = await sign(site, "kadri", token, headers={"Accept": accept})
                assert said(reply) == (406, "Accept")
            for query, data in (
                ({"grant_type": "client_credentials"}, None),
                ({}, aiohttp.FormData({"grant_type": "client_credentials"})),
                ({}, aiohttp.BytesPayload(b"\xff", content_type="application/x-www-form-urlencoded")),
            ):
                reply = await site.ask("/oauth/token", None, "POST", "enrolment", params=query, data=data)
                assert reply.status == 400
            reply = await site.ask("/oauth/token", None, "POST", "enrolment", data={"username": "x" * 5000})
            assert said(reply) == (413, "size")
            assert (await sign(site, "kadri", token)).status == 200

    run(work())


def test_a_stolen_certificate_does_not_fill_the_registry(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            answers = [(await site.ask(V2, "kadri", "POST", data=csr("kadri"))).status for _ in range(64)]
            assert answers == [200] * 63 + [403]

    run(work())


def test_a_request_of_a_hub_that_issues_nothing_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            assert site.hub.site is not None
            site.hub.site.marti.enrols = False
            reply = await site.ask(V2, "kadri", "POST", data=request_of("kadri", digest=hashes.SHA384()))
            assert said(reply) == (503, "enrolment")

    run(work())
