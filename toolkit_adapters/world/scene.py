"""A scene: something moving over a moving background, and what a camera makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from toolkit_adapters.world.motion import Path, wave
from toolkit_adapters.world.sprites import Box, Pose, Sprite, smear
from toolkit_adapters.world.textures import Image, Rng


@dataclass(frozen=True)
class Rendering:
    """A rendered frame and its truth.

    `box` is tight around the whole target, hidden or cut parts included, xywh in pixels; `visible`
    is the share of the target that can be seen, `inside` the share within the image's edges.
    """

    image: Image
    box: Box
    visible: float
    inside: float


@dataclass(frozen=True)
class Mover:
    """A sprite with its path through the frame."""

    sprite: Sprite
    x: Path
    y: Path
    size: Path
    angle: Path
    stretch: Path
    cycle: float = 0.0
    start: float = 0.0

    def pose(self, t: float, shutter: float) -> Pose:
        """Where it is at time `t`; `shutter` is the share of a frame that the exposure takes."""
        return Pose(
            x=self.x(t),
            y=self.y(t),
            size=float(np.exp(self.size(t))),
            angle=self.angle(t),
            stretch=float(np.exp(self.stretch(t))),
            phase=(self.start + self.cycle * t) % 1.0,
            blur=(shutter * self.x.slope(t), shutter * self.y.slope(t)),
        )


@dataclass(frozen=True)
class Camera:
    """What a camera and a file do to the scene."""

    gain: Path
    gamma: Path
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grey: bool = False
    shutter: float = 0.0
    soft: float = 0.0
    noise: float = 0.0
    quality: int = 85
    spot: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Scene:
    """Everything drawn once; `render(t)` then works for any time, in any order."""

    width: int
    height: int
    ground: Image
    pan: tuple[Path, Path, Path, Path]  # x, y in pixels, log zoom, degrees
    target: Mover
    camera: Camera
    behind: tuple[Mover, ...] = ()
    before: tuple[Mover, ...] = ()
    seed: int = 0

    def render(self, t: float, compress: bool = True) -> Rendering:
        """The frame at time `t`; `compress` passes it through JPEG as a file would."""
        rng = np.random.default_rng([self.seed, int(t * 64) & 0xFFFFFFFF])
        shutter = self.camera.shutter
        frame = self._ground(t, shutter)
        owner = np.zeros((self.height, self.width), np.float32)
        for mover in self.behind:
            mover.sprite.paste(frame, mover.pose(t, shutter))
        pose = self.target.pose(t, shutter)
        whole = self.target.sprite.paste(frame, pose, owner, mine=True)
        inside = float(owner.sum()) / max(whole, 1e-6)
        for mover in self.before:
            mover.sprite.paste(frame, mover.pose(t, shutter), owner)
        visible = float(owner.sum()) / max(whole, 1e-6)
        image = expose(frame, self.camera, t, rng)
        if compress:
            image = jpeg(image, self.camera.quality)
        box = self.target.sprite.box(pose)
        return Rendering(image, box, min(visible, 1.0), min(inside, 1.0))

    def _ground(self, t: float, shutter: float) -> np.ndarray:
        pan_x, pan_y, zoom, turn = self.pan
        scale, angle = float(np.exp(zoom(t))), turn(t)
        middle = (self.ground.shape[1] / 2, self.ground.shape[0] / 2)
        matrix = cv2.getRotationMatrix2D(middle, angle, scale)
        matrix[:, 2] += (
            self.width / 2 - middle[0] + pan_x(t),
            self.height / 2 - middle[1] + pan_y(t),
        )
        view = cv2.warpAffine(
            self.ground,
            matrix,
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ).astype(np.float32)
        return smear(view, shutter * pan_x.slope(t), shutter * pan_y.slope(t))


def expose(frame: np.ndarray, camera: Camera, t: float, rng: Rng) -> Image:
    """Light, tint, focus and sensor noise: float32 (H, W, 3) in, uint8 out."""
    height, width = frame.shape[:2]
    if camera.soft > 0.3:
        frame = cv2.GaussianBlur(frame, (0, 0), camera.soft)
    if camera.grey:
        frame = np.repeat(frame @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=2)
    gain = np.float32(np.exp(camera.gain(t)))
    strength, across, down = camera.spot
    if strength:
        row = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(across)
        column = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(down)
        light = 1 + np.float32(strength) * np.sin(column[:, None] + row[None] + np.float32(t / 40))
        frame = frame * light[..., None]
    frame = frame * (gain * np.asarray(camera.tint, np.float32))
    if camera.noise > 0.5:
        grain = rng.standard_normal((height, width, 1), dtype=np.float32)
        frame = frame + np.float32(camera.noise) * grain
    image = np.clip(frame + 0.5, 0, 255).astype(np.uint8)
    table = 255 * (np.arange(256) / 255) ** np.exp(camera.gamma(t))
    return np.asarray(cv2.LUT(image, np.round(table).astype(np.uint8)))


def jpeg(image: Image, quality: int) -> Image:
    """RGB uint8 through a JPEG file and back."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return np.ascontiguousarray(decoded[..., ::-1])


def random_camera(rng: Rng, hard: float = 1.0) -> Camera:
    """A camera with faults in proportion to `hard`."""
    return Camera(
        gain=wave(rng, 0.25 * hard * rng.random(), rng.uniform(20, 120)),
        gamma=wave(rng, 0.2 * hard * rng.random(), rng.uniform(20, 120), rng.normal(0, 0.15)),
        tint=tuple(np.exp(rng.normal(0, 0.06 * hard, 3)).tolist()),
        grey=bool(rng.random() < 0.12),
        shutter=float(rng.choice([0.0, 0.4, 1.0])),
        soft=float(rng.choice([0.0, 0.0, 0.6, 1.0]) * hard),
        noise=float(rng.choice([0.0, 2.0, 6.0]) * hard),
        quality=int(rng.integers(45, 96)),
        spot=(0.25 * hard * float(rng.random()), float(rng.normal(0, 1)), float(rng.normal(0, 1))),
    )
