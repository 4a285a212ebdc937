"""The demo: rendered sequences in the official layouts of LaSOT, TrackingNet and GOT-10k."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from toolkit_adapters.world.casting import Plot, Procedural, compose
from toolkit_adapters.world.scene import Rendering, Scene

DEMO_VERSION = "1"  # part of the cache folder's name: raise it when a pixel or a label changes
_QUALITY = 90


@dataclass(frozen=True)
class Clip:
    """One demo sequence."""

    dataset: str  # "lasot", "trackingnet" or "got10k"
    name: str
    kind: str
    width: int
    height: int
    size: float
    seed: int
    plot: Plot = field(default_factory=Plot)
    frames: int = 65


CLIPS = (
    Clip("lasot", "person-1", "person", 480, 270, 56, 511, Plot(distractors=3, alike=0.7)),
    Clip("lasot", "car-1", "car", 480, 270, 64, 2612, Plot(speed=0.08, occluders=2, zoom=0.4)),
    Clip("lasot", "ball-1", "ball", 320, 240, 36, 213, Plot(speed=0.12, leaves=True, faults=1.0)),
    Clip("trackingnet", "crate_0", "crate", 400, 300, 60, 321, Plot(turn=25, zoom=0.4)),
    Clip("trackingnet", "animal_0", "animal", 480, 270, 70, 522, Plot(speed=0.1, pan=1.0)),
    Clip("trackingnet", "sign_0", "sign", 320, 240, 50, 123, Plot(turn=30, faults=1.0)),
    Clip("got10k", "Demo_Val_000001", "blob", 400, 300, 54, 131, Plot(deform=0.3, distractors=3)),
    Clip("got10k", "Demo_Val_000002", "person", 640, 360, 60, 132, Plot(occluders=2, speed=0.07)),
    Clip("got10k", "Demo_Val_000003", "car", 320, 240, 44, 333, Plot(zoom=0.5, faults=1.0)),
    Clip(
        "got10k",
        "Demo_Val_000004",
        "plane",
        640,
        480,
        72,
        634,
        Plot(speed=0.12, leaves=True, pan=1.0),
    ),
)


def scene_of(clip: Clip) -> Scene:
    """The scene that a clip films."""
    rng = np.random.default_rng(clip.seed)
    size = (clip.width, clip.height)
    return compose(rng, Procedural(), *size, clip.size, clip.plot, clip.kind)


def render_demo(root: Path, progress: bool = True) -> None:
    """Write the demo under `root`, in the three official layouts.

    `root/lasot`, `root/trackingnet` (first-frame annotations, as its test set), the full truth of
    that in `root/trackingnet_truth/<sequence>.txt`, and `root/got10k/val`. Frames are JPEG. The
    scenes come from fixed seeds; the pixels may differ in the last bit between versions of OpenCV.

    Raises:
        OSError: a frame cannot be written.
    """
    root = Path(root)
    total = sum(clip.frames for clip in CLIPS)
    writers = {"lasot": _write_lasot, "trackingnet": _write_trackingnet, "got10k": _write_got10k}
    with tqdm(total=total, desc="rendering the demo", unit="frame", disable=not progress) as bar:
        for clip in CLIPS:
            scene = scene_of(clip)
            frames = []
            for index in range(clip.frames):
                frame = scene.render(float(index), compress=False)
                _save(root / _image_path(clip, index), frame)
                frames.append(frame)
                bar.update()
            writers[clip.dataset](root, clip, frames)
    for dataset, folder, listing in (
        ("lasot", "lasot", "testing_set.txt"),
        ("got10k", "got10k/val", "list.txt"),
    ):
        names = [clip.name for clip in CLIPS if clip.dataset == dataset]
        _lines(root / folder / listing, names)


def _image_path(clip: Clip, index: int) -> Path:
    if clip.dataset == "lasot":
        return Path("lasot", clip.name.rsplit("-", 1)[0], clip.name, "img", f"{index + 1:08d}.jpg")
    if clip.dataset == "trackingnet":
        return Path("trackingnet", "TEST", "frames", clip.name, f"{index}.jpg")
    return Path("got10k", "val", clip.name, f"{index + 1:08d}.jpg")


def _save(path: Path, frame: Rendering) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = np.ascontiguousarray(frame.image[..., ::-1])
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]):
        raise OSError(f"cannot write the frame {path}: check the free space and the permissions")


def _lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def _row(box: np.ndarray, form: str) -> str:
    return ",".join(format(value, form) for value in box)


def _write_lasot(root: Path, clip: Clip, frames: list[Rendering]) -> None:
    folder = root / _image_path(clip, 0).parents[1]
    # LaSOT annotates whole pixels, and writes zeros where there is nothing to see.
    gone = [frame.inside < 0.02 for frame in frames]
    hidden = [frame.visible < 0.02 and not out for frame, out in zip(frames, gone, strict=True)]
    rows = [
        "0,0,0,0"
        if out or hid
        else _row(np.maximum(np.round(frame.box), (-1e9, -1e9, 1, 1)), ".0f")
        for frame, out, hid in zip(frames, gone, hidden, strict=True)
    ]
    _lines(folder / "groundtruth.txt", rows)
    for name, flags in (("full_occlusion.txt", hidden), ("out_of_view.txt", gone)):
        _lines(folder / name, [",".join(str(int(flag)) for flag in flags)])
    _lines(folder / "nlp.txt", [f"rendered {clip.kind} moving among other things"])


def _write_trackingnet(root: Path, clip: Clip, frames: list[Rendering]) -> None:
    rows = [_row(frame.box, ".4f") for frame in frames]
    _lines(root / "trackingnet" / "TEST" / "anno" / f"{clip.name}.txt", rows[:1])
    _lines(root / "trackingnet_truth" / f"{clip.name}.txt", rows)


def cover_label(visible: float) -> int:
    """GOT-10k's label of the visible share: 0 none, then steps of 15 %, 7 nearly all, 8 all."""
    if visible < 0.02:
        return 0
    return 8 if visible > 0.995 else min(7, int(np.ceil(visible / 0.15)))


def _write_got10k(root: Path, clip: Clip, frames: list[Rendering]) -> None:
    folder = root / _image_path(clip, 0).parent
    _lines(folder / "groundtruth.txt", [_row(frame.box, ".4f") for frame in frames])
    _lines(folder / "cover.label", [str(cover_label(frame.visible)) for frame in frames])
    _lines(folder / "absence.label", [str(int(frame.visible < 0.02)) for frame in frames])
    _lines(folder / "cut_by_image.label", [str(int(frame.inside < 0.98)) for frame in frames])
    _lines(
        folder / "meta_info.ini",
        [
            "[METAINFO]",
            "url = rendered",
            "begin = 00:00:00",
            "end = 00:00:02",
            "anno_fps = 30Hz",
            f"object_class = {clip.kind}",
            "motion_class = moving",
            "major_class = rendered",
            "root_class = rendered",
            "motion_adverb = smoothly",
            f"resolution = ({clip.width}, {clip.height})",
            "",
        ],
    )
