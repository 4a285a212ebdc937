"""Loading weights: every official form, and nothing that runs code."""

from __future__ import annotations

import os
import pickle
import sys
import types
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hit_trackers import checkpoint
from hit_trackers.errors import CheckpointError
from hit_trackers.hit import FAMILY, weights
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.hit import HiT, build


@pytest.fixture(scope="module")
def network() -> HiT:
    torch.manual_seed(0)
    return build("nano")


def load(path: Path) -> HiT:
    fresh = build("nano")
    assert len(checkpoint.load_into(fresh, path, seeded.fill, weights.CONSTANTS)) == 64
    return fresh


def assert_equal(one: HiT, other: HiT) -> None:
    for (key, value), (_, expected) in zip(
        one.state_dict().items(), other.state_dict().items(), strict=True
    ):
        assert torch.equal(value, expected), key


def official_file(path: Path, network: HiT, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as the official trainer writes it, its classes pickled by reference."""
    for name in ("lib", "lib.train", "lib.train.admin", "lib.train.admin.stats"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    meter = type("AverageMeter", (), {"__module__": "lib.train.admin.stats"})
    monkeypatch.setattr(sys.modules["lib.train.admin.stats"], "AverageMeter", meter, raising=False)
    stat = meter()
    stat.history = [1.0, 2.0]
    content = {
        "epoch": 1500,
        "actor_type": "HiTActor",
        "net_type": "HiT",
        "net": network.state_dict(),
        "net_info": {"version": None},
        "constructor": None,
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
        "stats": {"train": {"Loss/total": stat}},
        "settings": stat,
    }
    torch.save(content, path)
    return path


def test_official_checkpoint(tmp_path: Path, network: HiT) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        path = official_file(tmp_path / "VT_ep1500.pth.tar", network, monkeypatch)
    assert "lib.train.admin.stats" not in sys.modules
    assert_equal(load(path), network)


def test_bare_state_dict(tmp_path: Path, network: HiT) -> None:
    torch.save(network.state_dict(), tmp_path / "bare.pth")
    assert_equal(load(tmp_path / "bare.pth"), network)


def test_bare_state_dict_as_pytorch_wrote_it_before_1_6(tmp_path: Path, network: HiT) -> None:
    path = tmp_path / "old.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    assert_equal(load(path), network)


def test_safetensors_with_and_without_indices(tmp_path: Path, network: HiT) -> None:
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(state, tmp_path / "all.safetensors")
    assert_equal(load(tmp_path / "all.safetensors"), network)
    slim = {key: value for key, value in state.items() if not key.endswith("attention_bias_idxs")}
    save_file(slim, tmp_path / "slim.safetensors")
    assert_equal(load(tmp_path / "slim.safetensors"), network)


class Exploit:
    """Touches a file when unpickled by anything that executes what it reads."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize("where", ["net", "settings"])
def test_crafted_pickle_is_refused(
    tmp_path: Path, network: HiT, where: str, new_format: bool
) -> None:
    touched = tmp_path / "touched"
    content = {"net": network.state_dict(), where: Exploit(touched)}
    torch.save(content, tmp_path / "bad.pth.tar", _use_new_zipfile_serialization=new_format)
    with pytest.raises(CheckpointError, match=r"bad\.pth\.tar"):
        load(tmp_path / "bad.pth.tar")
    assert not touched.exists()


def test_crafted_plain_pickle_is_refused(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"net": Exploit(touched)}))
    with pytest.raises(CheckpointError):
        load(tmp_path / "plain.pth")
    assert not touched.exists()


def test_the_trainers_namespace_reaches_no_installed_module(tmp_path: Path, network: HiT) -> None:
    """A name below `lib.train` is never imported, even where such a module exists."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        path = official_file(tmp_path / "a.pth.tar", network, monkeypatch)
        module = sys.modules["lib.train.admin.stats"]

        def explode(*_: object) -> None:
            raise AssertionError("executed")

        monkeypatch.setattr(module.AverageMeter, "__setstate__", explode, raising=False)
        assert_equal(load(path), network)


def test_weights_of_another_size(tmp_path: Path) -> None:
    torch.save(build("tiny").state_dict(), tmp_path / "tiny.pth")
    with pytest.raises(CheckpointError, match=r"another (network|geometry)"):
        load(tmp_path / "tiny.pth")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 truncated", b"\x80\x02", b"not a checkpoint at all" * 100]
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".pth.tar"])
def test_garbage(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"garbage{suffix}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="garbage"):
        load(path)


def test_truncated_checkpoint(tmp_path: Path, network: HiT) -> None:
    whole = tmp_path / "whole.pth"
    torch.save(network.state_dict(), whole)
    data = whole.read_bytes()
    for keep in (100, len(data) // 2, len(data) - 10):
        (tmp_path / "cut.pth").write_bytes(data[:keep])
        with pytest.raises(CheckpointError, match=r"cut\.pth"):
            load(tmp_path / "cut.pth")


def test_not_a_state_dict(tmp_path: Path) -> None:
    torch.save([1, 2, 3], tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match="state dict"):
        load(tmp_path / "list.pth")


def test_found_by_environment(tmp_path: Path, network: HiT, monkeypatch) -> None:
    path = tmp_path / "HiT_Base" / "VT_ep1500.pth.tar"
    path.parent.mkdir()
    torch.save(network.state_dict(), path)
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    assert weights.find("base") == path
    assert FAMILY.resolve("hit_memeff").part("size") == "base"


def test_missing_checkpoint_says_what_to_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError) as caught:
        weights.find("base")
    message = str(caught.value)
    assert "HiT_Base/VT_ep1500.pth.tar" in message
    assert str(tmp_path) in message
    assert "--checkpoint" in message
    assert "hit_nano" in message


def test_without_a_checkpoint_no_size_means_nano_and_says_so(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    assert FAMILY.resolve("hit_memeff").part("size") == "nano"
    assert "hit_nano_memeff" in capsys.readouterr().err
    assert FAMILY.resolve("hit_tiny").part("size") == "tiny"
    assert capsys.readouterr().err == ""
