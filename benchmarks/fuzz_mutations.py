"""What is done to a file: every single bit turned over, and seeded damage of other kinds."""

from __future__ import annotations

import random
from collections.abc import Iterator

NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
WORDS = (
    b"\0", b"\xff\xfe", b"\r\n", b"NaN", b"-Infinity", b"1e999", b"-1", b"9" * 5000, b"true",
    b"null", b'"', b"'", b"{", b"}", b"[", b"]", b"[" * 3000, b'{"a":' * 2000, b"(" * 3000, b"off",
    b"~", b"2024-13-45", b"0x_", b"!!int zz", b"!!python/name:os.system", b"&a [*a]", b"<<: ",
    b"a: &a ", b"../../../victim", b"/etc/passwd", b"~nouser/x", b"**", b"[/x]", b"\x1b[31m",
    b"=cmd|' /C calc'!A0", b"a" * 70_000, "\u202eabc".encode(), b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80", b"PK\x03\x04", b"\x93NUMPY", b"PAR1",
)  # fmt: skip


def flips(whole: bytes, most: int) -> Iterator[bytes]:
    """Every bit turned over, one at a time; of large files ``most`` bits, evenly spread."""
    bits = 8 * len(whole)
    step = max(1, -(-bits // most))
    if step > 1:
        step |= 1  # so that all places within a byte come
    for bit in range(0, bits, step):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        yield bytes(altered)


def mutations(whole: bytes, count: int, seed: int) -> Iterator[bytes | None]:
    """Damage of all kinds; None stands for a file that is gone, and comes first."""
    yield None
    for i in range(count - 1):
        rng = random.Random(f"{seed} {i}")
        altered = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            rng.choice(KINDS)(altered, rng)
        yield bytes(altered)


def _place(data: bytearray, rng: random.Random) -> int:
    return rng.randrange(len(data) + 1)


def _bits(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 2, 8))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _bytes(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    data[at : at + rng.choice((1, 4, 16))] = rng.randbytes(rng.choice((1, 4, 16)))


def _number(data: bytearray, rng: random.Random) -> None:
    size = rng.choice((1, 2, 4, 8))
    raw = (rng.choice(NUMBERS) % 256**size).to_bytes(size, rng.choice(("little", "big")))
    at = _place(data, rng)
    data[at : at + size] = raw


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[_place(data, rng) :]


def _take_out(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.choice((1, 2, 16, 512))]


def _twice(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    piece = data[at : at + rng.choice((1, 8, 64, 4096))]
    data[at:at] = piece * rng.choice((1, 1, 50))


def _swap(data: bytearray, rng: random.Random) -> None:
    size = rng.choice((4, 32, 256))
    a, b = sorted((_place(data, rng), _place(data, rng)))
    if a + size <= b:
        data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def _word(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    data[at : at + rng.choice((0, 0, 1, 4, 16))] = rng.choice(WORDS)


def _token(data: bytearray, rng: random.Random) -> None:
    """In place of a number or a word of a text."""
    places = [i for i, byte in enumerate(data[:100_000]) if byte in b' ,:["=\n']
    if places:
        at = rng.choice(places) + 1
        end = next((i for i in range(at, len(data)) if data[i] in b' ,]}"\n'), len(data))
        data[at:end] = rng.choice(WORDS)


KINDS = (_bits, _bytes, _number, _cut, _take_out, _twice, _swap, _word, _word, _token, _token)
