"""The fuzzer's check, without the fuzzer: the corpus, changed by a fixed sequence of random choices."""

import random

import pytest

from tests.fuzz.fuzz_cot import check, seeds

ROUNDS = 240
# Bytes and words that mean something to the framing or to XML.
MEANINGFUL = (
    b"<", b">", b"&", b'"', b"'", b"/", b"\x00", b"\xff", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>",
    b"</event>", b"<event ", b"<event/>", b"<!DOCTYPE x>", b"&x;", b"\xef\xbb\xbf", b"<detail>", b"</detail>",
)  # fmt: skip


def mutated(seed: bytes, choice: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(choice.randint(1, 4)):
        at = choice.randrange(len(data) + 1)
        end = at + choice.randint(1, 12)
        kind = choice.randrange(5)
        if kind == 0:
            del data[at:end]
        elif kind == 1:
            data[at:at] = data[choice.randrange(len(data) + 1) :][: end - at]
        elif kind == 2:
            data[at:at] = choice.choice(MEANINGFUL)
        elif kind == 3:
            data[at : at + 1] = choice.randbytes(1)
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("part", range(4))
def test_mutated_events_are_malformed_or_can_be_sent_on(part: int) -> None:
    choice = random.Random(part)  # noqa: S311  (no secret)
    originals = list(seeds())
    for _ in range(ROUNDS // 4):
        check(mutated(choice.choice(originals), choice))


def test_every_event_of_the_corpus_holds() -> None:
    for seed in seeds():
        check(seed)
