"""Views: what training reads, rendered ahead by other processes into uint8 files on disk.

A scene is looked at `PER_SCENE` times. A view is the square of `FACTOR` times the target's size
around it, cut as the tracker cuts, so that any two views of a scene make a training pair, and
search regions with another centre and scale can still be cut out of one.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from hit_trackers.errors import DatasetError
from hit_trackers.geometry import crop_region
from toolkit_adapters.world.casting import Materials, Plot, Procedural, compose
from toolkit_adapters.world.textures import Image, Rng
from training.photos import PhotoMaterials, load_photos

FACTOR = 6.0
SIDE = 320  # pixels of a view; the target's mean side is SIDE / FACTOR
PER_SCENE = 4
SHARD = 256  # scenes in a file
_MOMENTS = 100.0  # frames within which the views of a scene lie
_FORMAT = "views-2"  # raise when a pixel changes


@dataclass(frozen=True)
class Views:
    """Rendered views, `images` uint8 (scenes, 4, 320, 320, 3) RGB, `boxes` (scenes, 4, 4) xyxy."""

    images: list[npt.NDArray[np.uint8]]
    boxes: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def image(self, scene: int, view: int) -> Image:
        """One view, uint8 (320, 320, 3)."""
        return self.images[scene // SHARD][scene % SHARD, view]


def random_plot(rng: Rng) -> Plot:
    """How a training scene goes: anything between nearly still and wild."""
    return Plot(
        speed=float(rng.uniform(0.01, 0.15)),
        zoom=float(rng.uniform(0, 0.45)),
        turn=float(rng.choice([3.0, 8.0, 30.0], p=[0.4, 0.4, 0.2])),
        deform=float(rng.uniform(0, 0.25)),
        distractors=int(rng.integers(0, 6)),
        alike=0.4,
        occluders=int(rng.choice([0, 1, 2], p=[0.55, 0.3, 0.15])),
        pan=float(rng.uniform(0, 1.5)),
        faults=float(rng.uniform(0, 1.2)),
    )


def render_scene(rng: Rng, materials: Materials) -> tuple[Image, npt.NDArray[np.float32]]:
    """The views of one scene: uint8 (4, 320, 320, 3) and corners x1, y1, x2, y2 in view pixels."""
    while True:
        if isinstance(materials, PhotoMaterials):
            materials.start(rng)
        size = float(np.exp(rng.uniform(np.log(18), np.log(100))))
        width = int(np.clip(size * rng.uniform(5, 15), 200, 640))
        height = int(width * rng.choice([0.6, 0.75, 1.0]))
        scene = compose(rng, materials, width, height, size, random_plot(rng))
        images, boxes = [], []
        for _ in range(4 * PER_SCENE):
            frame = scene.render(float(rng.uniform(0, _MOMENTS)))
            x, y, w, h = frame.box
            if frame.visible < 0.35 or frame.inside < 0.6 or min(w, h) < 6:
                continue
            # HiT keeps the square at least as large as its smallest box.
            image, scale = crop_region(frame.image, frame.box.tolist(), FACTOR, SIDE)
            half = 0.5 * SIDE / scale
            left, top = round(x + 0.5 * w - half), round(y + 0.5 * h - half)
            corners = np.array([x - left, y - top, x + w - left, y + h - top]) * scale
            images.append(image)
            boxes.append(corners.astype(np.float32))
            if len(images) == PER_SCENE:
                return np.stack(images), np.stack(boxes)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.npy"


def _shard(task: tuple[Path, int, int, tuple[Path, ...]]) -> Path:
    folder, seed, number, photos = task
    path = _path(folder, number)
    materials = load_photos(photos) if photos else Procedural()
    images = np.empty((SHARD, PER_SCENE, SIDE, SIDE, 3), np.uint8)
    boxes = np.empty((SHARD, PER_SCENE, 4), np.float32)
    for index in range(SHARD):
        rng = np.random.default_rng([seed, number, index])
        images[index], boxes[index] = render_scene(rng, materials)
    np.save(path.with_suffix(".boxes.npy"), boxes)
    partial = path.with_suffix(".partial.npy")
    np.save(partial, images)
    partial.replace(path)
    return path


def render_views(
    folder: Path, shards: int, seed: int, photos: Sequence[Path], workers: int
) -> Path:
    """Render `shards` files of `SHARD` scenes under `folder`; what is there already is kept.

    Returns:
        the folder of this seed and these photographs, for `open_views`.

    Raises:
        DatasetError: what is there was rendered from other photographs.
    """
    # A process forked beside OpenCV's threads would wait for them for ever.
    cv2.setNumThreads(1)
    found = tuple(path for path in photos if path.is_dir())
    folder = folder / f"{_FORMAT}-seed{seed}-{'photos' if found else 'drawn'}"
    folder.mkdir(parents=True, exist_ok=True)
    _note_photos(folder / "made_from.json", [str(path) for path in found])
    # The images come under their final name last: a file of them is whole, and so are its boxes.
    missing = [number for number in range(shards) if not _path(folder, number).is_file()]
    if not missing:
        return folder
    if found:
        load_photos(found)  # once, before the workers are forked
    tasks = [(folder, seed, number, found) for number in missing]
    # Forking shares the photographs; PyTorch has not started its threads yet.
    with (
        multiprocessing.get_context("fork").Pool(workers) as pool,
        tqdm(total=len(missing) * SHARD, desc="rendering scenes", unit="scene") as bar,
    ):
        for _ in pool.imap_unordered(_shard, tasks):
            bar.update(SHARD)
    return folder


def _note_photos(note: Path, folders: list[str]) -> None:
    if not note.is_file():
        note.write_text(json.dumps(folders))
        return
    try:
        before = json.loads(note.read_text())
    except ValueError:
        before = None
    if before != folders:
        raise DatasetError(
            f"{note.parent}: rendered from photographs in {before}, and these are {folders}: give "
            "the same --photos, another --views, or remove the folder"
        )


def open_views(folder: Path, shards: int | None = None) -> Views:
    """Map the first `shards` files of a folder (all that are whole, if None) into memory."""
    paths = sorted(folder.glob("[0-9]" * 5 + ".npy"))[:shards]
    if not paths:
        raise FileNotFoundError(f"{folder} holds no rendered views; run the training without it")
    images = [np.load(path, mmap_mode="r") for path in paths]
    boxes = np.concatenate([np.load(path.with_suffix(".boxes.npy")) for path in paths])
    return Views(images, boxes)
