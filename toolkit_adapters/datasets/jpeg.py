"""JPEG by simplejpeg where its pixels are OpenCV's, bit for bit; and damage, which it reports.

Both bind libjpeg-turbo, but which version and settings is up to their builds, so equality is tested
once per process on this machine, and not assumed. It saves the detour over BGR. OpenCV swallows the
decoder's warnings; simplejpeg raises them.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_EXIF = b"Exif\x00\x00"
_EXIF_REACH = 65536  # an APP1 segment cannot be longer, and comes first


def decode_rgb(content: bytes) -> NDArray[np.uint8] | None:
    """RGB uint8 (H, W, 3) of a plain colour JPEG; None: leave it to OpenCV.

    OpenCV applies the orientation of EXIF data, and has its own ways with grey, CMYK and damaged
    files.
    """
    library = _library() if _agreeing() else None
    if library is None or _EXIF in content[:_EXIF_REACH]:
        return None
    return _decode(library, content)


def _decode(library: Any, content: bytes) -> NDArray[np.uint8] | None:
    try:
        if library.decode_jpeg_header(content, strict=True)[2] != "YCbCr":
            return None
        # Neither shortcut: both change pixels.
        image = library.decode_jpeg(content, "RGB", fastdct=False, fastupsample=False, strict=True)
    except (ValueError, RuntimeError):
        return None
    return np.asarray(image, dtype=np.uint8)


def damage(content: bytes) -> str:
    """What the decoder warns of, in its words; "" for none, and where simplejpeg is missing."""
    library = _library()
    if library is None:
        return ""
    try:
        library.decode_jpeg(content, "GRAY", fastdct=True, fastupsample=True, strict=True)
    except (ValueError, RuntimeError) as error:
        return " ".join(str(error).split()) or "it cannot be decoded"
    return ""


@functools.cache
def _library() -> Any | None:
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None


@functools.cache
def _agreeing() -> bool:
    library = _library()
    return library is not None and _agrees(library)


def _agrees(library: Any) -> bool:
    """Compare on images of odd size, with and without subsampled colours, plain and progressive."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (9, 13, 3), dtype=np.uint8)
    image = cv2.resize(blocks, (161, 93), interpolation=cv2.INTER_CUBIC)
    for sampling in (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444):
        for progressive in (0, 1):
            options = [
                *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling),
                *(cv2.IMWRITE_JPEG_PROGRESSIVE, progressive),
            ]
            _, encoded = cv2.imencode(".jpg", image, options)
            expected = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            found = _decode(library, encoded.tobytes())
            if found is None or not np.array_equal(found, expected):
                return False
    return True
