"""Things to follow: drawn objects, as RGBA images of one or several phases of movement.

A drawing function takes a generator, a phase in [0, 1) of its cycle (a walk, for instance) and a
source of surfaces, and returns RGBA uint8. Every random choice comes from the generator, so drawing
again from the same seed at another phase gives the same individual in another posture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from toolkit_adapters.world.textures import Image, Rng, colour, surface

Surface = Callable[[Rng, int, int], Image]
Points = Sequence[tuple[float, float]]
SIDE = 160  # pixels of the canvas that objects are drawn on
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates


class Canvas:
    """An RGBA image in unit coordinates (0..1 across, 0..`tall` down) painted part by part."""

    def __init__(self, rng: Rng, surface: Surface, tall: float = 1.0):
        self.rng, self.surface = rng, surface
        self.height = int(SIDE * tall)
        self.rgb = np.zeros((self.height, SIDE, 3), np.uint8)
        self.alpha = np.zeros((self.height, SIDE), np.uint8)

    def material(self, plain: float = 0.5) -> Image:
        """A surface for one part; `plain` is the chance of a single colour with light on it."""
        if self.rng.random() < plain:
            light = np.linspace(1.15, 0.75, self.height, dtype=np.float32)[:, None, None]
            flat = np.broadcast_to(colour(self.rng, 0.9) * light, self.rgb.shape)
            return np.clip(flat, 0, 255).astype(np.uint8)
        return self.surface(self.rng, self.height, SIDE)

    def _paint(self, mask: Image, paint: Image) -> None:
        x, y, w, h = cv2.boundingRect(mask)
        part = np.s_[y : y + h, x : x + w]
        weight = (mask[part].astype(np.float32) / 255)[..., None]
        blend = self.rgb[part] * (1 - weight) + paint[part] * weight + np.float32(0.5)
        self.rgb[part] = blend.astype(np.uint8)
        self.alpha[part] = np.maximum(self.alpha[part], mask[part])

    def polygon(self, points: Points, paint: Image) -> None:
        """Fill a polygon given in unit coordinates."""
        mask = np.zeros_like(self.alpha)
        corners = np.round(np.asarray(points) * (SIDE << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, _SHIFT)
        self._paint(mask, paint)

    def ellipse(
        self, x: float, y: float, across: float, down: float, paint: Image, angle: float = 0
    ) -> None:
        """Fill an ellipse given by its centre and half axes."""
        turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        u, v = across * np.cos(turns), down * np.sin(turns)
        self.polygon(
            [(x + c * a - s * b, y + s * a + c * b) for a, b in zip(u, v, strict=True)], paint
        )

    def limb(self, points: Points, thickness: float, paint: Image) -> None:
        """Draw a jointed limb through `points`."""
        mask = np.zeros_like(self.alpha)
        joints = np.round(np.asarray(points) * (SIDE << _SHIFT)).astype(np.int32)
        width = max(1, round(thickness * SIDE))
        cv2.polylines(mask, [joints], False, 255, width, cv2.LINE_AA, _SHIFT)
        self._paint(mask, paint)

    def finish(self) -> Image:
        """The painting as RGBA uint8."""
        return np.dstack([self.rgb, self.alpha])


def _ring(rng: Rng, lobes: int, rough: float) -> list[tuple[float, float]]:
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    radius = np.ones(64)
    for k in range(2, lobes + 2):
        radius += rough / k * rng.normal() * np.cos(k * turns + rng.uniform(0, 2 * np.pi))
    radius = 0.48 * np.clip(radius, 0.25, None) / radius.max()
    return [(0.5 + r * np.cos(t), 0.5 + r * np.sin(t)) for r, t in zip(radius, turns, strict=True)]


def blob(rng: Rng, phase: float, surface: Surface) -> Image:
    """A patch of texture in a random smooth outline, with a few marks on it."""
    canvas = Canvas(rng, surface)
    ring = _ring(rng, int(rng.integers(1, 7)), rng.uniform(0.1, 0.7))
    canvas.polygon(ring, canvas.material(0.25))
    inside = canvas.alpha.copy()
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(0.25, 0.75, 2)
        a, b = rng.uniform(0.04, 0.2, 2)
        canvas.ellipse(x, y, a, b, canvas.material(0.7), rng.uniform(0, 180))
    canvas.alpha = inside
    return canvas.finish()


def ball(rng: Rng, phase: float, surface: Surface) -> Image:
    """A ball with patches, turning with the phase."""
    canvas = Canvas(rng, surface)
    canvas.ellipse(0.5, 0.5, 0.48, 0.48, canvas.material(0.6))
    inside = canvas.alpha.copy()
    patch = canvas.material(0.8)
    for k in range(int(rng.integers(3, 7))):
        turn = 2 * np.pi * (phase + k / 5 + 0.03 * rng.normal())
        if np.cos(turn) > 0:
            x = 0.5 + 0.42 * np.sin(turn)
            canvas.ellipse(x, rng.uniform(0.3, 0.7), 0.14 * np.cos(turn) + 0.01, 0.13, patch)
    canvas.alpha = np.minimum(canvas.alpha, inside)
    rows, columns = np.mgrid[: canvas.height, :SIDE].astype(np.float32) / SIDE
    light = 1.25 - 0.9 * np.hypot(rows - 0.35, columns - 0.35)
    canvas.rgb = np.clip(canvas.rgb * light[..., None], 0, 255).astype(np.uint8)
    return canvas.finish()


def crate(rng: Rng, phase: float, surface: Surface) -> Image:
    """A box seen from a corner: three faces under different light."""
    canvas = Canvas(rng, surface, rng.uniform(0.6, 1.3))
    tall = canvas.height / SIDE
    edge = 0.5 + 0.28 * np.sin(2 * np.pi * phase + rng.uniform(0, 6))
    lid = rng.uniform(0.08, 0.3) * tall
    face = canvas.material(0.3)
    left = [(0.02, lid / 2), (edge, lid), (edge, tall * 0.98), (0.02, tall * 0.98 - lid / 2)]
    right = [(0.98, lid / 2), (edge, lid), (edge, tall * 0.98), (0.98, tall * 0.98 - lid / 2)]
    top = [(0.02, lid / 2), (1 - edge, 0.01), (0.98, lid / 2), (edge, lid)]
    canvas.polygon(left, face)
    canvas.polygon(right, (face * 0.6).astype(np.uint8))
    canvas.polygon(top, np.clip(face * 1.2, 0, 255).astype(np.uint8))
    return canvas.finish()


def car(rng: Rng, phase: float, surface: Surface) -> Image:
    """A car from the side, from behind or from a corner."""
    behind = rng.random() < 0.45
    canvas = Canvas(rng, surface, rng.uniform(0.7, 0.95) if behind else rng.uniform(0.38, 0.55))
    tall = canvas.height / SIDE
    body, glass = canvas.material(0.75), canvas.material(0.9)
    dark = np.full_like(canvas.rgb, int(rng.uniform(5, 50)))
    waist, roof = tall * rng.uniform(0.4, 0.55), tall * 0.03
    slope = rng.uniform(0.03, 0.2)
    if behind:
        for x in (0.08, 0.78):
            canvas.polygon(
                [(x, 0.8 * tall), (x + 0.14, 0.8 * tall), (x + 0.14, tall), (x, tall)], dark
            )
        canvas.polygon([(slope, roof), (1 - slope, roof), (0.98, waist), (0.02, waist)], body)
        canvas.polygon([(0.02, waist), (0.98, waist), (0.98, 0.9 * tall), (0.02, 0.9 * tall)], body)
        inset = 0.05
        canvas.polygon(
            [
                (slope + inset, roof + inset * tall),
                (1 - slope - inset, roof + inset * tall),
                (0.95 - inset, waist - 0.02),
                (0.05 + inset, waist - 0.02),
            ],
            glass,
        )
        lamp = canvas.material(1.0)
        for x in (0.04, 0.82):
            canvas.polygon(
                [
                    (x, waist + 0.05),
                    (x + 0.14, waist + 0.05),
                    (x + 0.14, waist + 0.15),
                    (x, waist + 0.15),
                ],
                lamp,
            )
        plate = np.full_like(canvas.rgb, 220)
        canvas.polygon(
            [(0.38, 0.7 * tall), (0.62, 0.7 * tall), (0.62, 0.8 * tall), (0.38, 0.8 * tall)], plate
        )
        return canvas.finish()
    front, back = rng.uniform(0.2, 0.35), rng.uniform(0.7, 0.97)
    canvas.polygon(
        [(front, waist), (front + slope, roof), (back - slope / 2, roof), (back, waist)], body
    )
    canvas.polygon(
        [
            (front + 0.06, waist),
            (front + slope + 0.03, roof + 0.03),
            (back - slope / 2 - 0.03, roof + 0.03),
            (back - 0.05, waist),
        ],
        glass,
    )
    canvas.limb([(0.5, roof), (0.5, waist)], 0.02, body)
    canvas.polygon(
        [
            (0.01, waist + 0.04),
            (front, waist),
            (0.97, waist),
            (0.99, 0.85 * tall),
            (0.01, 0.85 * tall),
        ],
        body,
    )
    wheel = 0.19 * tall
    for x in (0.2, 0.8):
        canvas.ellipse(x, tall - wheel, wheel, wheel, dark)
        spoke = 2 * np.pi * phase
        dx, dy = wheel * 0.6 * np.cos(spoke), wheel * 0.6 * np.sin(spoke)
        rim = np.full_like(canvas.rgb, 170)
        canvas.limb([(x - dx, tall - wheel - dy), (x + dx, tall - wheel + dy)], 0.02, rim)
    return canvas.finish()


def person(rng: Rng, phase: float, surface: Surface) -> Image:
    """Somebody walking, running, or standing about."""
    canvas = Canvas(rng, surface, 2.3)
    tall = canvas.height / SIDE
    stride = rng.choice([0.05, 0.18, 0.32])
    skin = np.full_like(canvas.rgb, 1) * np.clip(
        np.array([205, 160, 130]) * rng.uniform(0.35, 1.15), 0, 255
    ).astype(np.uint8)
    hair, shirt, trousers, shoes = (canvas.material(p) for p in (0.9, 0.45, 0.75, 0.95))
    swing = np.sin(2 * np.pi * phase)
    lean = rng.uniform(-0.05, 0.05)
    bob = 0.02 * abs(swing)
    hip, neck = (0.5, 1.2 + bob), (0.5 + lean, 0.45 + bob)
    width = rng.uniform(0.12, 0.22)
    sleeve = shirt if rng.random() < 0.6 else skin
    leg = trousers if rng.random() < 0.7 else skin

    def arm(side: float) -> None:
        x = 0.5 + lean + side * stride * swing
        elbow = (x + side * 0.04, 0.85)
        hand = (x + stride * swing * side + stride, 1.12 - stride)
        canvas.limb([(0.5 + lean, 0.53), elbow, hand], 0.1, sleeve)

    def step(side: float) -> None:
        x = 0.5 + side * stride * swing
        bend = stride * max(0.0, side * np.cos(2 * np.pi * phase))
        foot = (0.5 + side * 1.7 * stride * swing - bend, tall - 0.07 - 0.5 * bend)
        canvas.limb([hip, (x + 0.5 * bend, 1.72), foot], 0.15, leg)
        canvas.limb([foot, (foot[0] + 0.09, foot[1] + 0.02)], 0.08, shoes)

    arm(-1.0)
    step(-1.0)
    step(1.0)
    canvas.polygon(
        [
            (0.5 + lean - width, 0.5),
            (0.5 + lean + width, 0.5),
            (0.5 + 0.8 * width, 1.3),
            (0.5 - 0.8 * width, 1.3),
        ],
        shirt,
    )
    if rng.random() < 0.3:  # a coat or a skirt
        spread = width * rng.uniform(1.0, 1.6)
        canvas.polygon(
            [
                (0.5 - 0.8 * width, 1.15),
                (0.5 + 0.8 * width, 1.15),
                (0.5 + spread, rng.uniform(1.5, 1.9)),
                (0.5 - spread, 1.6),
            ],
            shirt,
        )
    arm(1.0)
    if rng.random() < 0.25:
        canvas.ellipse(0.5 - width, 0.75, 0.13, 0.22, canvas.material(0.6))  # a bag
    canvas.limb([neck, (neck[0], 0.5)], 0.1, skin)
    canvas.ellipse(neck[0], 0.26 + bob, 0.14, 0.2, skin)
    canvas.ellipse(neck[0] - rng.uniform(-0.04, 0.05), 0.17 + bob, 0.15, 0.12, hair)
    return canvas.finish()


def animal(rng: Rng, phase: float, surface: Surface) -> Image:
    """Something on four legs."""
    canvas = Canvas(rng, surface, rng.uniform(0.7, 1.0))
    tall = canvas.height / SIDE
    coat, other = canvas.material(0.35), canvas.material(0.6)
    back, belly = 0.35 * tall, 0.65 * tall
    for k, x in enumerate((0.28, 0.36, 0.66, 0.74)):
        swing = 0.1 * np.sin(2 * np.pi * (phase + (0, 0.5, 0.6, 0.1)[k]))
        canvas.limb(
            [(x, belly - 0.05), (x + swing / 2, 0.82 * tall), (x + swing, 0.97 * tall)], 0.07, coat
        )
    canvas.ellipse(0.5, (back + belly) / 2, 0.29, (belly - back) / 1.6, coat)
    nod = 0.04 * np.sin(2 * np.pi * phase)
    head = (0.88, rng.uniform(0.15, 0.4) * tall + nod)
    canvas.limb([(0.7, back + 0.05), head], rng.uniform(0.12, 0.2), coat)
    canvas.ellipse(head[0] - 0.02, head[1], 0.11, 0.09, coat)
    canvas.limb([(head[0] - 0.08, head[1] - 0.06), (head[0] - 0.12, head[1] - 0.14)], 0.05, other)
    canvas.limb([(0.23, back + 0.08), (0.08, back + rng.uniform(-0.1, 0.3))], 0.05, other)
    return canvas.finish()


def plane(rng: Rng, phase: float, surface: Surface) -> Image:
    """An aeroplane or a bird from the side."""
    canvas = Canvas(rng, surface, rng.uniform(0.4, 0.6))
    tall = canvas.height / SIDE
    hull, wing = canvas.material(0.8), canvas.material(0.8)
    flap = rng.choice([0.0, 0.12]) * np.sin(2 * np.pi * phase)
    canvas.polygon(
        [(0.02, 0.05 * tall), (0.14, 0.05 * tall), (0.25, 0.5 * tall), (0.1, 0.55 * tall)], wing
    )
    canvas.ellipse(0.52, 0.55 * tall, 0.46, rng.uniform(0.13, 0.22) * tall, hull)
    canvas.polygon(
        [(0.4, 0.55 * tall), (0.62, 0.55 * tall), (0.45, 0.95 * tall - flap), (0.3, 0.9 * tall)],
        wing,
    )
    canvas.limb([(0.3, 0.5 * tall), (0.85, 0.5 * tall)], 0.02, canvas.material(1.0))
    return canvas.finish()


def sign(rng: Rng, phase: float, surface: Surface) -> Image:
    """A plate with letters: a book, a packet, a number on a shirt."""
    canvas = Canvas(rng, surface, rng.uniform(0.5, 1.5))
    tall = canvas.height / SIDE
    canvas.polygon(
        [(0.01, 0.01), (0.99, 0.01), (0.99, tall - 0.01), (0.01, tall - 0.01)], canvas.material(0.4)
    )
    for k in range(int(rng.integers(1, 4))):
        text = "".join(chr(c) for c in rng.integers(48, 91, int(rng.integers(1, 5))))
        ink = tuple(float(c) for c in colour(rng, 0.9))
        size, weight = float(rng.uniform(1, 3)), int(rng.integers(2, 9))
        spot = (int(rng.uniform(0, 0.3) * SIDE), int(canvas.height * (k + 1) / 3))
        cv2.putText(
            canvas.rgb, text, spot, cv2.FONT_HERSHEY_SIMPLEX, size, ink, weight, cv2.LINE_AA
        )
    return canvas.finish()


KINDS: dict[str, Callable[[Rng, float, Surface], Image]] = {
    "blob": blob,
    "ball": ball,
    "crate": crate,
    "car": car,
    "person": person,
    "animal": animal,
    "plane": plane,
    "sign": sign,
}


def draw(kind: str, seed: int, phases: int, surface: Surface = surface) -> list[Image]:
    """`phases` postures of one individual: RGBA uint8 images of one size."""
    return [KINDS[kind](np.random.default_rng(seed), k / phases, surface) for k in range(phases)]
