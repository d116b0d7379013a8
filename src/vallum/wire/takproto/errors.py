"""What can be wrong with TAK protocol, and how much of it is taken."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds on what a peer may send.

    Parameters
    ----------
    payload : int
        Bytes of one message.
    """

    payload: int = 1 << 20


class Malformed(ValueError):
    """Bytes that are no TAK protocol, or a message that cannot be carried over.

    Parameters
    ----------
    message : str
        What is wrong and at which byte, without the content itself.
    done : sequence of bytes, optional
        Payloads that `StreamFramer.feed` completed before the fault; they are good and wait to be handled.
    """

    def __init__(self, message: str, done: Sequence[bytes] = ()) -> None:
        super().__init__(message)
        self.done = list(done)
