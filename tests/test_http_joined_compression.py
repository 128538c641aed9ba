"""A body whose beginning was compressed once is the same body, whatever end is put to it."""

import gzip
import random
import shutil
import subprocess
import zlib
from functools import cache

import brotli
import pytest
import zstandard

from transport.http.joined_compression import begin

DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.ZstdDecompressor().decompress}
IN_PIECES = {
    "gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16).decompress,
    "br": lambda: brotli.Decompressor().process,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
}
WORDS = ["banjir", "Jalan Kemang", '"id":', "{", "}", "31.74", "lampu merah", "\u2014", "\n"]


@cache
def text(size: int, seed: int = 1) -> bytes:
    chosen = random.Random(seed)
    return "".join(chosen.choice(WORDS) for _ in range(size // 4 + 1)).encode()[:size]


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("front", [1, 999, 1_000, 40_000, 300_000])
def test_front_and_end_are_decoded_to_what_they_were(coding: str, front: int) -> None:
    begun = begin(text(front), coding)
    for rest in (0, 1, 150, 999, 1_000, 1_001, 2_000, 65_535, 65_536, 140_000):
        whole = begun.ended(text(rest, seed=2))
        assert DECODERS[coding](whole) == text(front) + text(rest, seed=2)


@pytest.mark.parametrize("coding", DECODERS)
def test_who_decodes_as_it_comes_gets_the_same(coding: str) -> None:
    whole = begin(text(50_000), coding).ended(text(3_000, seed=2))
    decode = IN_PIECES[coding]()
    assert b"".join(decode(whole[at : at + 777]) for at in range(0, len(whole), 777)) == text(50_000) + text(
        3_000, seed=2
    )


@pytest.mark.parametrize("coding", DECODERS)
def test_noise_is_no_trouble(coding: str) -> None:
    noise = random.Random(3).randbytes(100_000)
    assert DECODERS[coding](begin(noise, coding).ended(noise[:70_000])) == noise + noise[:70_000]


@pytest.mark.parametrize("coding", DECODERS)
def test_it_hardly_takes_more_than_one_piece_would(coding: str) -> None:
    whole = {
        "gzip": lambda body: gzip.compress(body, 6),
        "br": lambda body: brotli.compress(body, quality=4),
        "zstd": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
    }[coding](text(20_000))
    assert len(begin(text(19_850), coding).ended(text(20_000)[19_850:])) < len(whole) + 200


@pytest.mark.skipif(shutil.which("gzip") is None, reason="there is no gzip on this machine")
def test_another_program_finds_no_fault_in_it() -> None:
    whole = begin(text(5_000), "gzip").ended(text(200))
    assert subprocess.run(["gzip", "-dc"], input=whole, capture_output=True, check=True).stdout == text(5_000) + text(
        200
    )
