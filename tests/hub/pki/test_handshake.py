"""Real TLS on loopback: who gets in, who does not, and what a resumed session changes."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vallum.core.errors import BadInput
from vallum.hub.pki import Authority, Directory, IssuedUser, Refused, server_context

SECONDS = 5.0


class Listener:
    """Answers each connection with the name of its principal, or with why it is refused."""

    def __init__(self, path: Path, *, require_client: bool = True) -> None:
        self.directory = Directory.open(path)
        self.context = server_context(path, require_client=require_client)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(SECONDS)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            with plain:
                plain.settimeout(SECONDS)
                self.answer(plain)

    def answer(self, plain: socket.socket) -> None:
        try:
            with self.context.wrap_socket(plain, server_side=True) as secure:
                secure.sendall(self.verdict(secure.getpeercert(binary_form=True)))
                # OpenSSL only keeps a session for resumption when its end was proper.
                secure.unwrap()
        except OSError:
            return

    def verdict(self, der: bytes | None) -> bytes:
        if der is None:
            return b"nobody"
        try:
            return self.directory.principal(der, datetime.now(UTC)).name.encode()
        except Refused as refused:
            return f"refused: {refused.reason}".encode()

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def listener(authority: Authority) -> Iterator[Listener]:
    made = Listener(authority.folder.path)
    yield made
    made.close()


@dataclass(frozen=True)
class Answer:
    said: str
    version: str | None
    session: ssl.SSLSession | None
    resumed: bool | None


def client_context(root: Path, issued: IssuedUser | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(root / "ca.pem")
    # What Python 3.13 asks for by default.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if issued is not None:
        key, certificate = issued.files[:2]
        context.load_cert_chain(certificate, key)
    return context


def talk(
    context: ssl.SSLContext, port: int, host: str = "localhost", session: ssl.SSLSession | None = None
) -> Answer:
    with (
        socket.create_connection(("127.0.0.1", port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host, session=session) as secure,
    ):
        said = secure.recv(100).decode()
        answer = Answer(said, secure.version(), secure.session, secure.session_reused)
        secure.unwrap()
        return answer


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_issued_user_gets_in(
    authority: Authority, issue: Callable[..., IssuedUser], listener: Listener, host: str
) -> None:
    context = client_context(authority.folder.path, issue())
    listener.directory.refresh()
    answer = talk(context, listener.port, host)
    assert (answer.said, answer.version) == ("Kadri", "TLSv1.3")


def test_no_certificate_is_refused(authority: Authority, listener: Listener) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk(client_context(authority.folder.path, None), listener.port)


def test_a_certificate_of_another_authority_is_refused(
    authority: Authority,
    issue: Callable[..., IssuedUser],
    listener: Listener,
    tmp_path: Path,
    now: datetime,
) -> None:
    other = Authority.create(tmp_path / "other", name="Test authority", now=now)
    other.issue_server(now=now)
    key, certificate = issue().files[:2]
    foreign = other.folder.path / "server.pem"
    context = client_context(authority.folder.path, None)
    context.load_cert_chain(foreign)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk(context, listener.port)
    # And the other way round: a hub of another authority is not taken for this one.
    elsewhere = client_context(tmp_path / "other", None)
    elsewhere.load_cert_chain(certificate, key)
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(elsewhere, listener.port)


def test_an_expired_certificate_is_refused_in_the_handshake(
    authority: Authority, issue: Callable[..., IssuedUser], listener: Listener, now: datetime
) -> None:
    issued = issue(now=now - timedelta(days=3), days=2)
    listener.directory.refresh()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk(client_context(authority.folder.path, issued), listener.port)


def test_a_servers_own_certificate_is_no_client(authority: Authority, listener: Listener) -> None:
    context = client_context(authority.folder.path, None)
    context.load_cert_chain(authority.folder.path / "server.pem")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk(context, listener.port)


def test_a_revoked_user_is_refused_once_the_hub_has_looked(
    authority: Authority, issue: Callable[..., IssuedUser], listener: Listener, now: datetime
) -> None:
    context = client_context(authority.folder.path, issue())
    listener.directory.refresh()
    assert talk(context, listener.port).said == "Kadri"
    authority.revoke(now=now, name="Kadri")
    assert listener.directory.refresh()
    assert talk(context, listener.port).said == "refused: revoked"


def test_tls_1_3_gives_out_nothing_to_resume_with(
    authority: Authority, issue: Callable[..., IssuedUser], listener: Listener
) -> None:
    context = client_context(authority.folder.path, issue())
    listener.directory.refresh()
    first = talk(context, listener.port)
    assert first.session is None or not first.session.has_ticket
    again = talk(context, listener.port, session=first.session)
    assert (again.said, again.resumed) == ("Kadri", False)


def test_a_session_of_tls_1_2_that_is_resumed_does_not_outlive_the_revocation(
    authority: Authority, issue: Callable[..., IssuedUser], listener: Listener, now: datetime
) -> None:
    context = client_context(authority.folder.path, issue())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    listener.directory.refresh()
    first = talk(context, listener.port)
    assert first.session is not None
    assert not first.session.has_ticket
    again = talk(context, listener.port, session=first.session)
    # Python cannot forbid this; that the certificate is still known is what counts.
    assert (again.said, again.resumed) == ("Kadri", True)
    authority.revoke(now=now, name="Kadri")
    listener.directory.refresh()
    refused = talk(context, listener.port, session=first.session)
    assert (refused.said, refused.resumed) == ("refused: revoked", True)


def test_tls_1_1_is_not_spoken(authority: Authority, listener: Listener) -> None:
    assert listener.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert all(
        cipher["aead"] and cipher["name"].startswith(("TLS_", "ECDHE-"))
        for cipher in listener.context.get_ciphers()
    )


def test_a_listener_for_enrolment_asks_for_no_certificate(authority: Authority) -> None:
    made = Listener(authority.folder.path, require_client=False)
    try:
        assert talk(client_context(authority.folder.path, None), made.port).said == "nobody"
    finally:
        made.close()


def test_a_hub_without_a_certificate_is_told_how_to_get_one(tmp_path: Path, now: datetime) -> None:
    made = Authority.create(tmp_path / "pki", name="Test", now=now)
    with pytest.raises(BadInput, match="no server certificate") as caught:
        server_context(made.folder.path, require_client=True)
    assert "vallum pki server" in caught.value.remedy
    made.issue_server(["hub.example.org"], now=now - timedelta(days=9), days=2)
    with pytest.raises(BadInput, match="expired"):
        server_context(made.folder.path, require_client=True)
    (made.folder.path / "server.pem").write_bytes(b"-----BEGIN CERTIFICATE-----")
    with pytest.raises(BadInput, match="damaged"):
        server_context(made.folder.path, require_client=True)
