"""Composing scenes at random: the target, the background, distractors, and how they move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from toolkit_adapters.world import objects
from toolkit_adapters.world.motion import Drift, Excursion, wave
from toolkit_adapters.world.scene import Mover, Scene, random_camera
from toolkit_adapters.world.sprites import Sprite
from toolkit_adapters.world.textures import Image, Rng, surface

PHASES = 6  # postures of a cycle
SPAN = 65.0  # frames within which what is planned (a crossing, an exit) happens


class Materials(Protocol):
    """What scenes are made of; the training adds photographs behind the same two methods."""

    def surface(self, rng: Rng, height: int, width: int) -> Image:
        """An RGB uint8 image (H, W, 3) to use as ground or skin."""

    def sprite(self, rng: Rng, kind: str | None = None) -> Sprite:
        """Something that can move; `kind` asks for one of `objects.KINDS`."""


class Procedural:
    """Materials that need no file."""

    def surface(self, rng: Rng, height: int, width: int) -> Image:
        """See `Materials.surface`."""
        return surface(rng, height, width)

    def sprite(self, rng: Rng, kind: str | None = None) -> Sprite:
        """See `Materials.sprite`."""
        return Sprite(self.drawn(rng, kind))

    def drawn(self, rng: Rng, kind: str | None = None) -> list[Image]:
        """Something drawn, in `PHASES` postures: RGBA uint8 images."""
        kinds = list(objects.KINDS)
        kind = kind or kinds[int(rng.integers(len(kinds)))]
        return objects.draw(kind, int(rng.integers(2**31)), PHASES, self.surface)


@dataclass(frozen=True)
class Plot:
    """How hard a scene is. Speeds are in target sizes per frame, shares are of the target."""

    speed: float = 0.06
    zoom: float = 0.25
    turn: float = 8.0
    deform: float = 0.12
    distractors: int = 2
    alike: float = 0.3  # chance that a distractor is of the target's own kind
    occluders: int = 0
    pan: float = 0.5  # speed of the ground in target sizes, relative to `speed`
    faults: float = 0.7  # of the camera
    roam: float = 0.3  # share of the frame that the target's middle moves within
    leaves: bool = False  # the target leaves the view once and comes back


def compose(
    rng: Rng,
    materials: Materials,
    width: int,
    height: int,
    size: float,
    plot: Plot,
    kind: str | None = None,
) -> Scene:
    """A scene whose target measures about `size` pixels (geometric mean of its sides)."""
    target = materials.sprite(rng, kind)
    lead = _mover(rng, target, width, height, size, plot, plot.roam)
    others = []
    for _ in range(plot.distractors):
        twin = rng.random() < plot.alike
        if twin and kind is None and rng.random() < 0.3:
            sprite = target
        else:
            sprite = materials.sprite(rng, kind if twin else None)
        scale = size * float(np.exp(rng.normal(0, 0.25 if twin else 0.6)))
        others.append(_mover(rng, sprite, width, height, scale, plot, 0.5))
    screens = [_screen(rng, materials.sprite(rng), lead, size, plot) for _ in range(plot.occluders)]
    if plot.leaves:
        middle = rng.uniform(0.4, 0.6) * SPAN
        edge = -size if lead.x(middle) < width / 2 else width + size
        lead = replace(lead, x=Excursion(lead.x, edge - lead.x(middle), middle, 9.0))
    reach = plot.pan * size * plot.speed * 20
    period = rng.uniform(60, 160)
    margin = int(min(2 * reach, max(width, height))) + 20
    ground = materials.surface(rng, height + margin, width + margin)
    pan = (
        wave(rng, reach, period),
        wave(rng, 0.5 * reach, period),
        wave(rng, 0.3 * plot.zoom, period, 0.1),
        wave(rng, 0.3 * plot.turn, period),
    )
    return Scene(
        width=width,
        height=height,
        ground=ground,
        pan=pan,
        target=lead,
        camera=random_camera(rng, plot.faults),
        behind=tuple(others),
        before=tuple(screens),
        seed=int(rng.integers(2**31)),
    )


def _mover(
    rng: Rng, sprite: Sprite, width: int, height: int, size: float, plot: Plot, roam: float
) -> Mover:
    reach_x, reach_y = roam * width, 0.6 * roam * height
    # The mean speed of a wave of reach r and period p is about 4 r / p.
    period = float(np.clip(4 * reach_x / max(plot.speed * size, 1e-3), 30, 400))
    return Mover(
        sprite=sprite,
        x=wave(rng, reach_x, period, width * rng.uniform(0.4, 0.6)),
        y=wave(rng, reach_y, period, height * rng.uniform(0.4, 0.6)),
        size=wave(rng, plot.zoom, rng.uniform(60, 200), float(np.log(size))),
        angle=wave(rng, plot.turn, rng.uniform(30, 120)),
        stretch=wave(rng, plot.deform, rng.uniform(40, 120)),
        cycle=float(rng.uniform(0.01, 0.06)),
        start=float(rng.random()),
    )


def _screen(rng: Rng, sprite: Sprite, lead: Mover, size: float, plot: Plot) -> Mover:
    """Something that passes in front of the target within the scene's first `SPAN` frames."""
    meeting = rng.uniform(0.25, 0.95) * SPAN
    speed = size * rng.uniform(0.5, 2.0) * plot.speed * rng.choice([-1.0, 1.0])
    offset = wave(rng, 0.0, 100.0, float(np.log(size * rng.uniform(0.5, 1.8))))
    return Mover(
        sprite=sprite,
        x=Drift(lead.x, speed, meeting),
        y=Drift(lead.y, 0.3 * speed * rng.normal(), meeting),
        size=offset,
        angle=wave(rng, plot.turn, 100.0),
        stretch=wave(rng, 0.0, 100.0, rng.normal(0, 0.3)),
        start=float(rng.random()),
    )
