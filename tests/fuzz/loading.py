"""What a tracker is loaded from and shown: names, configuration, checkpoints, images."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from hypothesis import strategies as st

from hit_trackers import checkpoint, families
from toolkit_adapters.datasets import settings as config
from toolkit_adapters.datasets.catalogue import find_root
from toolkit_adapters.datasets.decoding import decode
from toolkit_adapters.datasets.videos import list_pictures
from toolkit_adapters.video.reader import VideoReader

from .edits import anything
from .target import Target, write


def _config(folder: Path, content: bytes) -> str:
    os.environ["HIT_TRACKERS_CONFIG"] = str(write(folder / "config.ini", content))
    os.environ.pop("HIT_CHECKPOINTS", None)
    try:
        config.use_configured_checkpoints()
        find_root("lasot")
    finally:
        os.environ.pop("HIT_TRACKERS_CONFIG", None)
        os.environ.pop("HIT_CHECKPOINTS", None)
    return "read"


_CONFIG = b"""[roots]
lasot = /data/LaSOT
got10k: ~/got10k

[checkpoints]
folder = /data/weights
"""


def _name(folder: Path, content: str) -> str:
    variant = families.parse(content)
    assert families.parse(variant.name) == variant
    return "parsed"


_TOKENS = ["hit", "base", "nano", "exact", "memeff", "graph", "bf16", "onnx", "x", ""]


def good_images() -> list[bytes]:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)
    found = []
    for suffix, image in [
        (".jpg", colour),
        (".png", colour),
        (".bmp", colour),
        (".webp", colour),
        (".tiff", colour),
        (".png", colour[..., 0].astype(np.uint16)),
        (".png", np.dstack([colour, colour[..., :1]])),
        (".jpg", colour[..., 0]),
    ]:
        found.append(cv2.imencode(suffix, image)[1].tobytes())
    return found


def _image(folder: Path, content: bytes) -> str:
    frame = decode(write(folder / "00000001.jpg", content))
    assert frame.image.dtype == np.uint8
    assert frame.image.ndim == 3
    assert frame.image.shape[2] == 3
    assert frame.image.flags["C_CONTIGUOUS"]
    return "decoded"


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch executed",)


def _checkpoints() -> list[bytes]:
    from safetensors.torch import save

    state = {"a.weight": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.int64)}
    found = [save(state)]
    for content, options in [
        (state, {}),
        ({"net": state, "epoch": 3}, {}),
        (state, {"_use_new_zipfile_serialization": False}),
        ({"net": state, "settings": _Evil()}, {}),
    ]:
        buffer = io.BytesIO()
        torch.save(content, buffer, **options)  # type: ignore[arg-type]
        found.append(buffer.getvalue())
    found += [pickle.dumps(_Evil()), pickle.dumps({"a": 1}), pickle.dumps([1, 2])]
    return found


def _checkpoint(folder: Path, contents: tuple[bytes, str]) -> str:
    content, suffix = contents
    before = Path("executed").exists()
    try:
        state = checkpoint.read(write(folder / f"weights{suffix}", content))
    finally:
        assert Path("executed").exists() == before, "a checkpoint was executed"
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    return "read"


def good_videos() -> list[bytes]:
    """Small ones in three containers; none where PyAV is not installed."""
    try:
        import av
    except ImportError:
        return []
    av.logging.set_level(av.logging.PANIC)  # of each broken file FFmpeg would say what is wrong
    found = []
    for kind in ("mp4", "matroska", "mpegts"):
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=kind) as output:
            stream = output.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
            for number in range(6):
                image = np.full((24, 32, 3), 40 * number, np.uint8)
                output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            output.mux(stream.encode(None))
        found.append(buffer.getvalue())
    return found


def _video(folder: Path, content: bytes) -> str:
    path = write(folder / "a.mp4", content)  # what it is decides FFmpeg, not the suffix
    assert 0 < len(list_pictures(path)) < 1000
    shapes = {picture.image.shape for picture in VideoReader(path)}
    assert len(shapes) == 1
    return "read"


TARGETS: dict[str, Target] = {
    "configuration": Target(anything([_CONFIG]), _config),
    "tracker names": Target(
        st.text(max_size=30)
        | st.lists(
            st.sampled_from(_TOKENS),
            max_size=6,
        ).map("_".join),
        _name,
    ),
    "images": Target(anything(good_images()), _image),
    **({"videos": Target(anything(VIDEOS), _video)} if (VIDEOS := good_videos()) else {}),
    "checkpoints": Target(
        st.tuples(anything(_checkpoints()), st.sampled_from([".safetensors", ".pth", ".pth.tar"])),
        _checkpoint,
    ),
}
