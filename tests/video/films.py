"""Videos of every kind, made by PyAV itself and not by our writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest


def pictures(count: int, size: tuple[int, int] = (160, 120)) -> Iterator[np.ndarray]:
    """A smooth ground with a red upper left corner and a bright square that moves to the right."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    for index in range(count):
        image = np.stack([x * 120 // width, y * 120 // height, (x + y) % 97], axis=-1)
        image[: height // 4, : width // 4] = (220, 30, 30)
        left = width // 3 + index
        image[height // 2 : height // 2 + 20, left : left + 20] = (250, 250, 240)
        yield image.astype(np.uint8)


def film(
    path: Path,
    images: Iterable[np.ndarray] | int = 20,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: Fraction | int = 25,
    times: Iterable[Fraction] = (),
    rotation: int = 0,
    format: str | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    size: tuple[int, int] = (160, 120),
) -> Path:
    """Write a video; `images` may be a number of `pictures`."""
    images = pictures(images, size) if isinstance(images, int) else images
    instants = iter(times)
    with av.open(str(path), "w", format=format, options=container or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.time_base = Fraction(1, 90_000)
        if rotation and not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write turned videos")
        if rotation:
            stream.set_display_rotation(rotation)
        output.start_encoding()  # also where no picture follows
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
            time = next(instants, None)
            frame.pts = round((index / Fraction(rate) if time is None else time) * 90_000)
            frame.time_base = Fraction(1, 90_000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def sound(path: Path) -> Path:
    """A file without pictures."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=44_100)
        tone = np.zeros((1, 1024), np.float32)
        for index in range(20):
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44_100, 1024 * index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path
