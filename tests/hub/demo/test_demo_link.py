"""What a unit says of a hub that it does not reach."""

import errno
import socket
import ssl

import pytest

from vallum.hub.demo.link import reason


def of_tls(why: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] something (_ssl.c:2580)")
    error.reason = why  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (of_tls("TLSV1_ALERT_UNKNOWN_CA"), "TLS: tlsv1 alert unknown ca"),
        (of_tls(None), "TLS: failed"),
        (TimeoutError(), "no answer"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 8089)"),
            "Connection refused",
        ),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (ConnectionResetError("the hub has closed the connection"), "the hub has closed the connection"),
        (OSError(), "OSError"),
    ],
)
def test_a_failure_is_told_in_a_few_words(error: OSError, said: str) -> None:
    assert reason(error) == said
