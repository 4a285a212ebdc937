"""Frames from disk to RGB arrays, ahead of the trackers."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import ImageError
from toolkit_adapters.datasets import jpeg
from toolkit_adapters.datasets.videos import VideoFrame, read_picture

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: "grey", 4: "grey with alpha", 6: "RGBA"}


class Stamp(NamedTuple):
    """What the file system says of a file: whether it may have changed since."""

    size: int  # bytes
    modified: int  # nanoseconds


_UNKNOWN = Stamp(0, 0)


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded image."""

    image: NDArray[np.uint8]  # RGB (H, W, 3), C-contiguous
    seconds: float  # wall clock from opening the file to the finished array
    note: str | None  # what was done to an image that is not 8-bit RGB, or is damaged
    digest: int = 0  # of the file, as `file_digest`; of a video's picture, of its RGB values
    stamp: Stamp = _UNKNOWN


def file_digest(content: bytes | memoryview) -> int:
    """64 bits that tell one file from another, by accident changed; not made to resist a forger."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def stamp_of(path: Path | VideoFrame) -> Stamp:
    """The stamp of a file now; of a picture in a video, that of the video.

    Raises:
        ImageError: it is missing.
    """
    path = path.path if isinstance(path, VideoFrame) else path
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return Stamp(status.st_size, status.st_mtime_ns)


def digest_of(path: Path | VideoFrame) -> int:
    """As `Frame.digest`, of what is on disk now.

    Raises:
        ImageError: it cannot be read.
    """
    if isinstance(path, VideoFrame):
        return decode(path).digest
    return file_digest(read(path))


def read(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ImageError:
    return ImageError(
        f"{path}: the image cannot be read ({error.strerror or error}); download the sequence again"
    )


def decode(path: Path | VideoFrame, tolerate_damage: bool = False) -> Frame:
    """Decode an image as OpenCV's `IMREAD_COLOR` does (orientation of EXIF applied), to RGB.

    Grey images get three equal channels, 16-bit ones are scaled to 8 bits, alpha is dropped; the
    note says so. A file that ends early is an error: OpenCV would fill the rest with grey. So is a
    JPEG of which the decoder warns, as OpenCV would go on with whatever it made of it.

    Args:
        path: the file, or a picture of a video, which is as `video.reader` gives it.
        tolerate_damage: note a decoder's warning instead of refusing the image.

    Raises:
        ImageError: missing, truncated, damaged or no image; the file is named.
    """
    start = time.perf_counter()
    if isinstance(path, VideoFrame):
        picture, note = read_picture(path)
        seconds = time.perf_counter() - start
        digest = file_digest(picture.image.data)
        return Frame(picture.image, seconds, note, digest, stamp_of(path))
    content = read(path)
    _check_complete(path, content)
    fast = jpeg.decode_rgb(content) if content.startswith(_JPEG) else None
    image = _decode_by_opencv(path, content) if fast is None else fast
    seconds = time.perf_counter() - start
    note = None if fast is not None else _describe(content)
    if fast is None and content.startswith(_JPEG) and (damage := jpeg.damage(content)):
        if not tolerate_damage:
            raise ImageError(
                f"{path}: the image is damaged ({damage}); download the sequence again, or pass "
                "--tolerate-damage to track what can be decoded of it"
            )
        note = f"damaged ({damage})"
    return Frame(image, seconds, note, file_digest(content), stamp_of(path))


def _decode_by_opencv(path: Path, content: bytes) -> NDArray[np.uint8]:
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageError(f"{path}: OpenCV cannot decode it ({error.err})") from error
    if image is None:
        raise ImageError(
            f"{path}: OpenCV cannot decode it ({len(content)} bytes); download the sequence again"
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


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
    paths: Sequence[Path | VideoFrame],
    ahead: int = 4,
    threads: int = 2,
    tolerate_damage: bool = False,
) -> Generator[Frame, None, None]:
    """Yield decoded frames in order while at most `ahead` further ones are decoded in threads.

    One thread is slower than a tracker that takes two milliseconds a frame, and would keep it and
    its device waiting.

    With `ahead=0` each is decoded when asked for. An undecodable frame raises when its turn comes.

    Raises:
        ImageError: as `decode`.
    """
    work = partial(decode, tolerate_damage=tolerate_damage)
    if ahead <= 0:
        yield from map(work, paths)
        return
    if paths and isinstance(paths[0], VideoFrame):
        threads = 1  # the pictures of a video are decoded one after the other
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    pending: deque[Future[Frame]] = deque()
    try:
        remaining = iter(paths)
        for path in remaining:
            pending.append(pool.submit(work, path))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
