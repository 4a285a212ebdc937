"""Boxes of sprites are tight around what is painted."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit_adapters.world import objects
from toolkit_adapters.world.sprites import Pose, Sprite, smear, wobble
from toolkit_adapters.world.textures import KINDS, surface


@pytest.mark.parametrize("kind", objects.KINDS)
@pytest.mark.parametrize("pose", [Pose(60, 70, 50), Pose(80, 75.5, 40, 33.0, 1.3, 0.2, 0.5)])
def test_box_is_what_is_painted(kind: str, pose: Pose) -> None:
    sprite = Sprite(objects.draw(kind, 5, 4))
    frame, owner = np.zeros((160, 160, 3), np.float32), np.zeros((160, 160), np.float32)
    area = sprite.paste(frame, pose, owner, mine=True)
    assert area == pytest.approx(owner.sum(), rel=0.05)
    rows, columns = np.nonzero(owner > 96 / 255)
    painted = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    x, y, w, h = sprite.box(pose)
    # Antialiasing spreads an edge over a pixel or so on each side.
    np.testing.assert_allclose(painted, (x, y, x + w, y + h), atol=2.5)


def test_an_individual_is_drawn_again() -> None:
    first, again = objects.draw("person", 9, 3), objects.draw("person", 9, 3)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], objects.draw("person", 10, 3)[0])


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="opaque"):
        Sprite([np.zeros((20, 20, 4), np.uint8)])


def test_a_sprite_in_front_takes_from_the_target() -> None:
    sprite = Sprite(objects.draw("crate", 1, 1))
    frame, owner = np.zeros((100, 100, 3), np.float32), np.zeros((100, 100), np.float32)
    sprite.paste(frame, Pose(50, 50, 30), owner, mine=True)
    before = owner.sum()
    sprite.paste(frame, Pose(50, 50, 40), owner)
    assert owner.sum() < 0.1 * before


@pytest.mark.parametrize("kind", KINDS)
def test_surfaces_have_the_size_asked_for(kind: object) -> None:
    image = surface(np.random.default_rng(3), 37, 90, (kind,))  # type: ignore[arg-type]
    assert image.shape == (37, 90, 3)
    assert image.dtype == np.uint8


def test_smear_keeps_brightness() -> None:
    image = np.random.default_rng(0).random((40, 50, 3), dtype=np.float32)
    assert smear(image, 9.0, -4.0).mean() == pytest.approx(image.mean(), rel=0.02)
    assert smear(image, 0.5, 0.5) is image


def test_wobble_deforms_without_losing_the_object() -> None:
    rgba = objects.draw("blob", 2, 1)[0]
    phases = wobble(np.random.default_rng(1), rgba, 3, 0.05)
    for phase in phases:
        assert float(phase[..., 3].sum()) == pytest.approx(float(rgba[..., 3].sum()), rel=0.3)
    assert not np.array_equal(phases[0], phases[1])
