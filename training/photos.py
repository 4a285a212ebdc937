"""Photographs and cut-outs from installed packages, as materials of training scenes.

Looked for in the folders given, by default where Debian's packages put them. Nothing is downloaded,
and where nothing is installed training runs on the procedural world alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from toolkit_adapters.world import objects
from toolkit_adapters.world.casting import PHASES, Procedural
from toolkit_adapters.world.sprites import Sprite, wobble
from toolkit_adapters.world.textures import Image, Rng, surface

# The model card lists the packages that put images here, with their licences.
FOLDERS = (
    Path("/usr/share/backgrounds"),
    Path("/usr/share/wallpapers"),
    Path("/usr/share/tuxpaint/stamps"),
    Path("/usr/share/openclipart/png"),
    Path("/usr/share/doc/opencv-doc/examples/data"),
)
_PHOTO_SIDE = 1100  # pixels; larger photographs are reduced to it
_CUT_SIDE = 200
# Alphabets, signs and icons are no objects one follows.
_UNWANTED = (
    *("symbols", "icons", "signs", "shapes", "geography", "office", "buttons", "chess"),
    *("left", "right"),  # calibration pictures, all alike
)


class PhotoMaterials(Procedural):
    """Photographs, cut-outs and what is drawn, mixed.

    Attributes:
        photos: RGB uint8 images.
        cuts: RGBA uint8 images of single objects.
    """

    def __init__(self, photos: Sequence[Image], cuts: Sequence[Image]):
        self.photos, self.cuts = photos, cuts
        self._scene = 0

    def start(self, rng: Rng) -> None:
        """Choose the photograph that a new scene is mostly made from."""
        self._scene = int(rng.integers(max(1, len(self.photos))))

    def surface(self, rng: Rng, height: int, width: int) -> Image:
        """A piece of a photograph, or a drawn surface."""
        if not self.photos or rng.random() < 0.2:
            return surface(rng, height, width)
        return self._piece(rng, height, width)

    def _piece(self, rng: Rng, height: int, width: int) -> Image:
        index = self._scene if rng.random() < 0.6 else int(rng.integers(len(self.photos)))
        photo = self.photos[index]
        most = min(photo.shape[0] / height, photo.shape[1] / width)
        scale = float(np.exp(rng.uniform(np.log(min(0.7, most)), np.log(min(most, 4.0)))))
        rows, columns = max(2, int(height * scale)), max(2, int(width * scale))
        top = int(rng.integers(0, max(1, photo.shape[0] - rows + 1)))
        left = int(rng.integers(0, max(1, photo.shape[1] - columns + 1)))
        piece = photo[top : top + rows, left : left + columns]
        mode = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
        return np.ascontiguousarray(cv2.resize(piece, (width, height), interpolation=mode))

    def sprite(self, rng: Rng, kind: str | None = None) -> Sprite:
        """A cut-out, a piece of a photograph, or something drawn and dressed in photographs."""
        choice = rng.random()
        if kind is not None or choice < 0.4 or not (self.cuts or self.photos):
            if kind is None and rng.random() < 0.6:
                kind = "person"
            phases = self.drawn(rng, kind)
        else:
            if self.cuts and (choice < 0.7 or not self.photos):
                cut = self.cuts[int(rng.integers(len(self.cuts)))]
                if rng.random() < 0.5:
                    cut = np.ascontiguousarray(cut[:, ::-1])
            else:
                cut = self._patch(rng)
            phases = wobble(rng, cut, PHASES, float(rng.choice([0.005, 0.03, 0.07])))
        if self.photos and rng.random() < 0.5:
            phases = self._blend_in(rng, phases)
        return Sprite(phases)

    def _blend_in(self, rng: Rng, phases: Sequence[Image]) -> list[Image]:
        """Colours moved towards the scene's: real things stand out less than drawn ones."""
        piece = self._piece(rng, 32, 32).reshape(-1, 3).astype(np.float32)
        solid = phases[0][phases[0][..., 3] >= 96][:, :3].astype(np.float32)
        share = np.float32(rng.uniform(0.2, 0.95))
        spread = (piece.std(0) + 4) / (solid.std(0) + 4)
        gain = spread.clip(0.3, 1.5) ** share
        mean = solid.mean(0) + share * (piece.mean(0) - solid.mean(0))
        blended = []
        for phase in phases:
            colours = (phase[..., :3] - solid.mean(0)) * gain + mean
            rgb = np.clip(colours + 0.5, 0, 255).astype(np.uint8)
            blended.append(np.dstack([rgb, phase[..., 3]]))
        return blended

    def _patch(self, rng: Rng) -> Image:
        """A piece of a photograph in some outline."""
        tall = float(np.exp(rng.uniform(-0.9, 0.9)))
        width, height = int(110 / np.sqrt(tall)), int(110 * np.sqrt(tall))
        rgb = self._piece(rng, height, width)
        if rng.random() < 0.4:
            return np.dstack([rgb, np.full((height, width), 255, np.uint8)])
        kinds = ("blob", "blob", "ball", "car", "animal", "person")
        outline = objects.draw(kinds[int(rng.integers(6))], int(rng.integers(2**31)), 1)[0]
        alpha = cv2.resize(outline[..., 3], (width, height), interpolation=cv2.INTER_AREA)
        return np.dstack([rgb, alpha])


@lru_cache(maxsize=2)
def load_photos(folders: tuple[Path, ...] = FOLDERS) -> PhotoMaterials:
    """Read every usable image below `folders`, in the order of their names."""
    paths = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp"} and not path.is_symlink()
    ]
    photos: list[Image] = []
    cuts: list[Image] = []
    for path in paths:
        parts = str(path).lower()
        if any(word in parts for word in _UNWANTED):
            continue
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if image is None or image.ndim != 3 or image.dtype != np.uint8:
            continue
        if image.shape[2] == 4 and (image[..., 3] < 16).mean() > 0.05:
            cut = _cut(image)
            if cut is not None:
                cuts.append(cut)
        elif min(image.shape[:2]) >= 320 and not _seen(parts, photos, image):
            photos.append(_reduce(image[..., 2::-1]))
    return PhotoMaterials(_distinct(photos), cuts)


def _seen(name: str, photos: Sequence[Image], image: Image) -> bool:
    # Wallpapers come in many sizes and crops of one picture: take the usual ones.
    return "screenshot" in name or ("x" in Path(name).stem and not _usual(Path(name).stem))


def _usual(stem: str) -> bool:
    sizes = stem.split("x")
    if len(sizes) != 2 or not all(part.isdigit() for part in sizes):
        return True
    return stem in {"1920x1080", "1920x1200", "1600x1200", "2560x1600"}


def _distinct(photos: Sequence[Image]) -> list[Image]:
    kept: dict[bytes, Image] = {}
    for photo in photos:
        thumb = cv2.resize(photo, (6, 6), interpolation=cv2.INTER_AREA) // 48
        kept.setdefault(thumb.tobytes(), photo)
    return list(kept.values())


def _reduce(image: Image) -> Image:
    scale = min(1.0, _PHOTO_SIDE / max(image.shape[:2]))
    size = (int(image.shape[1] * scale), int(image.shape[0] * scale))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _cut(image: Image) -> Image | None:
    """The object of an RGBA picture, cropped to it; None where it is too small or too thin."""
    alpha = image[..., 3] >= 96
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    if len(rows) < 40 or len(columns) < 40:
        return None
    object_ = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    tall = object_.shape[0] / object_.shape[1]
    if not 0.3 < tall < 3.3 or (object_[..., 3] >= 96).mean() < 0.25:
        return None
    scale = min(1.0, _CUT_SIDE / max(object_.shape[:2]))
    size = (max(8, int(object_.shape[1] * scale)), max(8, int(object_.shape[0] * scale)))
    object_ = cv2.resize(object_, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(object_[..., [2, 1, 0, 3]])
