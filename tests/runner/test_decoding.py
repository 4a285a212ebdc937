from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hit_trackers.errors import ImageError
from toolkit_adapters.datasets import decoding
from toolkit_adapters.datasets.decoding import decode, decode_ahead


def colour(path: Path, shape: tuple[int, ...] = (40, 60, 3), dtype=np.uint8) -> np.ndarray:
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    assert cv2.imwrite(str(path), image)
    return image


def test_rgb_order_and_equality_with_opencv(tmp_path: Path) -> None:
    image = colour(tmp_path / "1.png")
    frame = decode(tmp_path / "1.png")
    assert np.array_equal(frame.image, image[:, :, ::-1])
    assert frame.image.flags.c_contiguous
    assert frame.note is None
    assert frame.seconds > 0
    colour(tmp_path / "1.jpg")
    expected = cv2.imread(str(tmp_path / "1.jpg"), cv2.IMREAD_COLOR)
    assert np.array_equal(decode(tmp_path / "1.jpg").image, expected[:, :, ::-1])


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "note"),
    [
        ("1.jpg", (40, 60), np.uint8, "grey"),
        ("1.png", (40, 60), np.uint8, "grey"),
        ("1.png", (40, 60, 3), np.uint16, "16-bit"),
        ("1.png", (40, 60), np.uint16, "16-bit grey"),
        ("1.png", (40, 60, 4), np.uint8, "RGBA"),
    ],
)
def test_unusual_images_are_read_as_rgb_and_noted(
    tmp_path: Path, name: str, shape: tuple[int, ...], dtype: type, note: str
) -> None:
    colour(tmp_path / name, shape, dtype)
    frame = decode(tmp_path / name)
    assert frame.note == note
    assert frame.image.shape == (40, 60, 3)
    assert frame.image.dtype == np.uint8


@pytest.mark.parametrize("name", ["1.jpg", "1.png"])
@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 0.999))
def test_every_truncation_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, name: str, share: float
) -> None:
    path = tmp_path_factory.mktemp("t") / name
    colour(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ImageError, match=r"1\.(jpg|png)"):
        decode(path)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_are_an_image_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("f") / "1.jpg"
    path.write_bytes(head + content)
    with pytest.raises(ImageError, match=r"1\.jpg"):
        decode(path)


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"7\.jpg: the image cannot be read"):
        decode(tmp_path / "7.jpg")


@pytest.mark.parametrize("ahead", [0, 1, 3, 100])
@pytest.mark.parametrize("threads", [1, 3])
def test_order_is_kept(tmp_path: Path, ahead: int, threads: int) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((4, 4, 3), number, np.uint8))
    frames = list(decode_ahead(paths, ahead, threads))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == list(range(12))


def test_no_more_than_asked_is_decoded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []

    def slow_consumer_decode(path: Path, **_: object) -> decoding.Frame:
        started.append(path)
        return decoding.Frame(np.zeros((1, 1, 3), np.uint8), 0.0, None)

    monkeypatch.setattr(decoding, "decode", slow_consumer_decode)
    frames = decode_ahead([Path(str(n)) for n in range(50)], ahead=3, threads=2)
    for taken in range(1, 11):
        next(frames)
        time.sleep(0.002)
        assert len(started) <= taken + 3
    frames.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("decode")]


def test_an_error_arrives_at_its_frame(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    for path in (*paths[:2], paths[3]):
        colour(path)
    frames = decode_ahead(paths, ahead=4)
    assert next(frames).image.shape == (40, 60, 3)
    next(frames)
    with pytest.raises(ImageError, match=r"2\.png"):
        next(frames)
