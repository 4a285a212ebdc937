"""Files as strangers may send them: good ones with anything done to them, and plain nonsense."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from hypothesis import strategies as st

SPECIAL = [
    b"",
    b"\0",
    b"\n",
    b"\r",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"-1",
    b"0",
    b"1e999",
    b"-1e-999",
]
SPECIAL += [b"nan", b"inf", b"9" * 40, b",,,,", b"\t", b" ", b"{", b"}", b"[", b'"', b"null", b"%"]
SPECIAL += [b"../../etc/passwd", b"<script>", b"\xff" * 8, b"\x80\x02", b"PK\x05\x06"]


@st.composite
def edited(draw: st.DrawFn, good: Sequence[bytes], most: int = 5) -> bytes:
    """One of some good contents, edited up to `most` times; not edited at all now and then."""
    content = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(0, most))):
        place = draw(st.integers(0, len(content)))
        kind = draw(st.sampled_from(["flip", "cut", "end", "put", "twice", "byte"]))
        if kind == "end":
            del content[place:]
        elif kind == "cut":
            del content[place : place + draw(st.integers(1, 40))]
        elif kind == "put":
            special = draw(st.one_of(st.sampled_from(SPECIAL), st.binary(max_size=12)))
            content[place:place] = special
        elif kind == "twice":
            length = draw(st.integers(1, 200))
            content[place:place] = content[place : place + length]
        elif place < len(content):
            mask = 1 << draw(st.integers(0, 7)) if kind == "flip" else draw(st.integers(0, 255))
            content[place] ^= mask
    return bytes(content)


def anything(good: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Good files, some edited a little, some a lot; sometimes bytes that never were one."""
    return st.one_of(st.sampled_from(good), edited(good, 1), edited(good), st.binary(max_size=300))


NAMES = ["airplane-1.txt", "a.txt", "a/a_001.txt", "a/a_time.txt", "absent/a.txt", "a/", "", "."]
NAMES += [
    "../a.txt",
    "/etc/a.txt",
    "..\\a.txt",
    "C:\\a.txt",
    "a/../../b.txt",
    "a\0b.txt",
    "\u202e.txt",
]
NAMES += ["GOT-10k_Test_000001/GOT-10k_Test_000001_001.txt", "__MACOSX/a.txt", "x" * 300 + ".txt"]
NAMES += ["GOT-10k_Test_000001/GOT-10k_Test_000001_time.txt", "<img src=x onerror=alert(1)>.txt"]


@st.composite
def zips(draw: st.DrawFn, contents: Sequence[bytes]) -> bytes:
    """A zip of any of those names, twice or not, perhaps with a lie in a header or a bomb."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for _ in range(draw(st.integers(0, 5))):
            name = draw(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)))
            member = zipfile.ZipInfo(name.replace("\0", "_") if draw(st.booleans()) else name)
            member.compress_type = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
            member.external_attr = draw(st.sampled_from([0, 0o120777 << 16, 0o40755 << 16]))
            content = draw(st.one_of(edited(contents), st.just(b"\0" * 300_000)))
            try:
                archive.writestr(member, content)
            except (ValueError, UnicodeEncodeError):  # no zip holds such a name
                continue
    whole = buffer.getvalue()
    if draw(st.booleans()):
        return whole
    return draw(edited([whole]))
