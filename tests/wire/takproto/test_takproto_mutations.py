"""The fuzzer's check, without the fuzzer: the corpus, changed by a fixed sequence of random choices."""

import random

import pytest

from tests.fuzz.fuzz_takproto import check, seeds

ROUNDS = 400
# Bytes that mean something to the framing, the varints or XML.
MEANINGFUL = b"\xbf\x00\x01\x7f\x80\xff\x0a\x12\x7a<>&\"'/"


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
            data[at : at + 1] = choice.choice(MEANINGFUL).to_bytes()
        elif kind == 3:
            data[at : at + 1] = choice.randbytes(1)
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("part", range(8))
def test_mutated_events_are_malformed_or_survive(part: int) -> None:
    choice = random.Random(part)  # noqa: S311  (no secret)
    originals = list(seeds())
    for _ in range(ROUNDS // 8):
        check(mutated(choice.choice(originals), choice))


def test_two_frames_with_rubbish_between_them_are_checked() -> None:
    first, second = (seed for seed in list(seeds())[1:6:3])
    check(first + second)
    check(first + b"<event/>" + second)
