"""Frames from disk to RGB arrays, ahead of the trackers."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import ImageError
from toolkit_adapters.datasets import jpeg

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: "grey", 4: "grey with alpha", 6: "RGBA"}


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded image."""

    image: NDArray[np.uint8]  # RGB (H, W, 3), C-contiguous
    seconds: float  # wall clock from opening the file to the finished array
    note: str | None  # what was done to an image that is not 8-bit RGB
    digest: int = 0  # of the file, as `file_digest`


def file_digest(content: bytes) -> int:
    """64 bits that tell one file from another, by accident changed; not made to resist a forger."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def decode(path: Path) -> Frame:
    """Decode an image as OpenCV's `IMREAD_COLOR` does (orientation of EXIF applied), to RGB.

    Grey images get three equal channels, 16-bit ones are scaled to 8 bits, alpha is dropped; the
    note says so. A file that ends early is an error: OpenCV would fill the rest with grey.

    Raises:
        ImageError: missing, truncated or no image; the file is named.
    """
    start = time.perf_counter()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(
            f"{path}: the image cannot be read ({error.strerror or error}); "
            "download the sequence again"
        ) from error
    _check_complete(path, content)
    fast = jpeg.decode_rgb(content) if content.startswith(_JPEG) else None
    if fast is not None:
        seconds = time.perf_counter() - start
        return Frame(fast, seconds, None, file_digest(content))
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageError(f"{path}: OpenCV cannot decode it ({error.err})") from error
    if image is None:
        raise ImageError(
            f"{path}: OpenCV cannot decode it ({len(content)} bytes); download the sequence again"
        )
    rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    seconds = time.perf_counter() - start
    return Frame(rgb, seconds, _describe(content), file_digest(content))


def _check_complete(path: Path, content: bytes) -> None:
    # libjpeg only warns of a missing end-of-image marker, libpng of a missing IEND chunk.
    # Inside entropy-coded data 0xFF is always escaped, so the marker cannot occur by chance. Nearly
    # every file ends in it; looking through one takes a twentieth of the time of decoding it.
    truncated = (
        content.startswith(_JPEG)
        and not content.endswith(b"\xff\xd9")
        and content.rfind(b"\xff\xd9") <= content.rfind(b"\xff\xda")
    ) or (content.startswith(_PNG) and b"IEND" not in content[-64:])
    if truncated or not content:
        raise ImageError(
            f"{path}: the image is truncated ({len(content)} bytes); download the sequence again"
        )


def _describe(content: bytes) -> str | None:
    """What is unusual about a JPEG or PNG, from its header; None for 8-bit RGB."""
    if content.startswith(_PNG) and len(content) > 26:
        depth, colour = content[24], content[25]
        kinds = [f"{depth}-bit"] if depth == 16 else []
        kinds += [_PNG_CHANNELS[colour]] if colour in _PNG_CHANNELS else []
        return " ".join(kinds) or None
    if content.startswith(_JPEG):
        position = 2
        while position + 9 < len(content) and content[position] == 0xFF:
            marker = content[position + 1]
            if marker in (0xC0, 0xC1, 0xC2):
                return {1: "grey", 4: "CMYK"}.get(content[position + 9])
            position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return None


def decode_ahead(
    paths: Sequence[Path], ahead: int = 4, threads: int = 2
) -> Generator[Frame, None, None]:
    """Yield decoded frames in order while at most `ahead` further ones are decoded in threads.

    One thread is slower than a tracker that takes two milliseconds a frame, and would keep it and
    its device waiting.

    With `ahead=0` each is decoded when asked for. An undecodable frame raises when its turn comes.

    Raises:
        ImageError: as `decode`.
    """
    if ahead <= 0:
        yield from map(decode, paths)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    pending: deque[Future[Frame]] = deque()
    try:
        remaining = iter(paths)
        for path in remaining:
            pending.append(pool.submit(decode, path))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
