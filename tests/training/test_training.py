"""Training: pairs are what they claim, the loss falls, and a run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from hit_trackers.errors import DatasetError
from hit_trackers.hit.network.hit import Output, build
from toolkit_adapters.world.casting import Procedural
from training import batches, views
from training.batches import Jitter, make_batch
from training.export import export
from training.loop import Plan, Training, read_curve, train
from training.losses import corner_loss, giou, losses, to_corners
from training.speedups import quicken

SCENES = 12


@pytest.fixture(scope="module")
def some_views() -> views.Views:
    scenes = [
        views.render_scene(np.random.default_rng([7, k]), Procedural()) for k in range(SCENES)
    ]
    images = np.stack([images for images, _ in scenes])
    return views.Views([images], np.stack([boxes for _, boxes in scenes]))


def plan(**changes: object) -> Plan:
    fixed = {"steps": 12, "batch": 8, "warmup": 2, "validate_every": 6, "save_every": 6}
    fixed |= {"held_out": 4, "precision": "fp32", "learning_rate": 2e-3, "processes": 1}
    return Plan(**{**fixed, **changes})  # type: ignore[arg-type]


def test_views_centre_the_target(some_views: views.Views) -> None:
    x1, y1, x2, y2 = some_views.boxes.reshape(-1, 4).T
    np.testing.assert_allclose((x1 + x2) / 2, views.SIDE / 2, atol=12)
    np.testing.assert_allclose((y1 + y2) / 2, views.SIDE / 2, atol=12)
    np.testing.assert_allclose(np.sqrt((x2 - x1) * (y2 - y1)), views.SIDE / views.FACTOR, rtol=0.06)


def test_a_scene_comes_again_from_its_seed(some_views: views.Views) -> None:
    images, boxes = views.render_scene(np.random.default_rng([7, 3]), Procedural())
    np.testing.assert_array_equal(images, some_views.images[0][3])
    np.testing.assert_array_equal(boxes, some_views.boxes[3])


@pytest.mark.parametrize("wide", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("flip", [False, True])
def test_boxes_follow_what_is_cut(flip: bool, wide: float) -> None:
    image = np.zeros((1, 4, views.SIDE, views.SIDE, 3), np.uint8)
    image[:, :, 130:190, 140:180] = 255
    box = np.array([140, 130, 180, 190], np.float32)
    one = views.Views([image], np.broadcast_to(box, (1, 4, 4)).copy())
    patch, found = batches._cut(one, 0, 0, 256, (0.4, -0.3), 1.2, wide, flip)
    rows, columns = np.nonzero(patch[..., 0] > 127)
    painted = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    np.testing.assert_allclose(found, painted, atol=1.0)


def test_pairs_depend_on_their_generator_only(some_views: views.Views) -> None:
    scenes = np.arange(6)
    first, again = (
        make_batch(some_views, scenes, np.random.default_rng(5), Jitter()) for _ in range(2)
    )
    assert torch.equal(first.search, again.search)
    assert torch.equal(first.template, again.template)
    assert first.search.shape == (6, 3, 256, 256)
    assert first.template.shape == (6, 3, 128, 128)
    assert ((first.boxes[:, :2] > 0) & (first.boxes[:, :2] < 1)).all()
    other = make_batch(some_views, scenes, np.random.default_rng(6), Jitter())
    assert not torch.equal(first.search, other.search)


def test_giou_of_known_boxes() -> None:
    first = torch.tensor([[0.0, 0, 2, 2], [0, 0, 1, 1], [0, 0, 1, 1]])
    second = torch.tensor([[1.0, 1, 3, 3], [0, 0, 1, 1], [2, 0, 3, 1]])
    iou, generalised = giou(first, second)
    torch.testing.assert_close(iou, torch.tensor([1 / 7, 1.0, 0.0]))
    torch.testing.assert_close(generalised, torch.tensor([1 / 7 - 2 / 9, 1.0, -1 / 3]))


def test_corner_maps_are_best_where_their_expectation_is_the_corner() -> None:
    corner = torch.tensor([[0.33, 0.71]])
    cells = torch.arange(16.0)
    place = corner[0] * 16
    shares = (1 - (cells - place[:, None]).abs()).clamp(min=0)
    ideal = (shares[1][:, None] * shares[0][None]).flatten()[None]
    expected = (ideal.view(16, 16).sum(0) @ cells / 16, ideal.view(16, 16).sum(1) @ cells / 16)
    torch.testing.assert_close(torch.stack(expected), corner[0])
    flat = torch.full((1, 256), 1 / 256)
    moved = ideal.roll(3)
    assert corner_loss(ideal, corner, 16) < corner_loss(flat, corner, 16)
    assert corner_loss(flat, corner, 16) < corner_loss(moved, corner, 16)


def test_a_perfect_box_costs_nothing() -> None:
    boxes = torch.tensor([[0.5, 0.4, 0.2, 0.1]])
    even = torch.full((1, 256), 1 / 256)
    result = losses(Output(boxes, even, even), boxes, 16)
    assert float(result.l1) == 0
    assert float(result.giou) == pytest.approx(0, abs=1e-5)
    assert float(result.iou) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(to_corners(boxes), torch.tensor([[0.4, 0.35, 0.6, 0.45]]))


def test_quickened_network_computes_the_same() -> None:
    torch.manual_seed(0)
    network = build("nano")
    search, template = torch.randn(2, 3, 256, 256), torch.randn(2, 3, 128, 128)
    results = []
    for _ in range(2):
        network.zero_grad()
        for module in network.modules():  # both passes start from the same running statistics
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.reset_running_stats()
        boxes = network(search, template).boxes
        boxes.square().sum().backward()
        gradients = {name: p.grad.clone() for name, p in network.named_parameters()}
        buffers = {name: b.clone() for name, b in network.named_buffers()}
        results.append((boxes.detach(), gradients, buffers))
        quicken(network)
    (plain, plain_grads, plain_buffers), (quick, quick_grads, quick_buffers) = results
    torch.testing.assert_close(quick, plain, rtol=1e-4, atol=1e-5)
    for name, value in plain_buffers.items():
        torch.testing.assert_close(quick_buffers[name], value, rtol=1e-4, atol=1e-5)
    for name, value in plain_grads.items():
        scale = float(value.abs().max()) + 1e-6
        assert float((quick_grads[name] - value).abs().max()) < 2e-3 * scale + 1e-6, name


def test_loss_falls(some_views: views.Views, tmp_path: Path) -> None:
    still = Jitter(0, 0, 0, stretch=0)
    training = Training(plan(steps=24, learning_rate=1e-3, jitter=still), tmp_path)
    values = [training.advance(some_views).total.item() for _ in range(24)]
    assert np.mean(values[-6:]) < 0.97 * np.mean(values[:3])


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Gradients summed by several threads differ in the last bits, and Adam magnifies them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_resumed_run_ends_as_one_that_was_not_stopped(
    some_views: views.Views, tmp_path: Path
) -> None:
    # The rate depends on the steps in all: hold it constant, so that 2 + 2 may equal 4.
    flat = {"decay": 1e-9, "validate_every": 2, "save_every": 2, "batch": 3}
    whole = Training(plan(steps=4, **flat), tmp_path / "whole")
    halves = [Training(plan(steps=steps, **flat), tmp_path / "halves") for steps in (2, 4)]
    for training in (whole, *halves):
        training.folder.mkdir(exist_ok=True)
        training.resume()
        assert training.step == (2 if training is halves[1] else 0)
        train(training, some_views, progress=False)
    for name, value in whole.average.state_dict().items():
        torch.testing.assert_close(halves[1].average.state_dict()[name], value)
    rows, again = (read_curve(t.folder / "curve.csv") for t in (whole, halves[1]))
    assert [row["step"] for row in rows] == [row["step"] for row in again] == ["2", "4"]
    assert rows[1]["valid_loss"] == pytest.approx(again[1]["valid_loss"])


def test_exported_weights_load_strictly(tmp_path: Path) -> None:
    from hit_trackers import load_tracker

    torch.manual_seed(3)
    path = tmp_path / "hit_nano.safetensors"
    export(build("nano"), path, {"steps": 0})
    assert path.stat().st_size <= 4_000_000
    assert load_tracker("hit_nano", checkpoint=path).name == "hit_nano"


def test_command_trains_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.__main__ import main

    monkeypatch.setattr(views, "SHARD", 3)
    arguments = ["--out", str(tmp_path), "--shards", "1", "--no-photos", "--workers", "1"]
    arguments += ["--batch", "2", "--validate-every", "1", "--threads", "1", "--held-out", "1"]
    assert main([*arguments, "--steps", "1", "--processes", "1"]) == 0
    assert main([*arguments, "--steps", "2", "--processes", "2"]) == 0
    assert [row["step"] for row in read_curve(tmp_path / "curve.csv")] == ["1", "2"]
    assert (tmp_path / "hit_nano.safetensors").is_file()


def test_bad_input_is_named_before_anything_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    monkeypatch.setattr(views, "render_views", lambda *_: pytest.fail("rendered"))
    wrong, out, damaged = tmp_path / "wrong.safetensors", tmp_path / "out", tmp_path / "damaged"
    wrong.write_bytes(b"no weights")
    damaged.mkdir()
    (damaged / "state.pt").write_bytes(b"no state")
    for arguments, message in (
        ([str(out), "--start-from", str(wrong)], "wrong.safetensors"),
        ([str(out), "--start-from", str(tmp_path / "none.pth")], "none.pth"),
        ([str(damaged)], "cannot go on from this state"),
        ([str(out), "--shards", "1", "--held-out", "256"], "some be left to train on"),
        ([str(out), "--held-out", "0"], "some must be held out"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["--out", *arguments])
        assert stop.value.code == 2
        assert message in capsys.readouterr().err
    assert (damaged / "state.pt").read_bytes() == b"no state"


def test_views_of_other_photographs_are_not_taken_for_these(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        image = np.random.default_rng(number).integers(0, 256, (300, 400, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "photo.jpg"), image)
    monkeypatch.setattr(views, "SHARD", 1)
    made = views.render_views(tmp_path / "views", 1, 0, folders[:1], 1)
    assert views.render_views(tmp_path / "views", 1, 0, folders[:1], 1) == made
    with pytest.raises(DatasetError, match=r"one.*and these are .*two.*--views"):
        views.render_views(tmp_path / "views", 1, 0, folders[1:], 1)
