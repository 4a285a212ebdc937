"""The faster JPEG decoder gives OpenCV's pixels, or is not used."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from toolkit_adapters.datasets import jpeg
from toolkit_adapters.datasets.decoding import decode

simplejpeg = pytest.importorskip("simplejpeg", reason="simplejpeg (extra `jpeg`) is not installed")


def by_opencv(content: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def encoded(shape: tuple[int, ...], *options: int) -> bytes:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return cv2.imencode(".jpg", image, list(options))[1].tobytes()


@pytest.mark.parametrize("quality", [5, 50, 95, 100])
@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 9, 3), (64, 48, 3), (241, 319, 3)])
def test_pixels_are_opencvs(shape: tuple[int, ...], quality: int) -> None:
    content = encoded(shape, cv2.IMWRITE_JPEG_QUALITY, quality)
    assert np.array_equal(jpeg.decode_rgb(content), by_opencv(content))


def test_pixels_of_real_frames_are_opencvs(shared: Path) -> None:
    frames = sorted((shared / "data").rglob("*.jpg"))[::200]
    assert frames
    for frame in frames:
        content = frame.read_bytes()
        assert np.array_equal(decode(frame).image, by_opencv(content)), frame


def test_what_is_left_to_opencv() -> None:
    grey = encoded((20, 30))
    colour = encoded((20, 30, 3))
    turned = colour[:2] + b"\xff\xe1\x00\x08Exif\x00\x00" + colour[2:]
    for content in (grey, turned, colour[:-40], b"\xff\xd8\xff rubbish"):
        assert jpeg.decode_rgb(content) is None


def test_a_library_that_disagrees_is_not_used() -> None:
    def brighter(content: bytes, *options: object, **settings: object) -> np.ndarray:
        image = simplejpeg.decode_jpeg(content, *options, **settings)
        image[0, 0] += 1
        return image

    header = simplejpeg.decode_jpeg_header
    assert jpeg._agrees(simplejpeg)
    assert not jpeg._agrees(SimpleNamespace(decode_jpeg=brighter, decode_jpeg_header=header))
