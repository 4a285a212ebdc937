"""From records to a zip that a server takes."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from submission_samples import FRAMES, make_boxes

from toolkit_adapters.cli import main
from toolkit_adapters.records import load_record, save_record
from toolkit_adapters.servers import Expected, official
from toolkit_adapters.servers.expected import official_names


def submit(benchmark: str, results: Path, root: Path, out: Path, *options: str) -> int:
    arguments = ["submit", benchmark, str(results), "--tracker", "hit_nano", "--root", str(root)]
    return main([*arguments, "--out", str(out), *options])


def tree_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def test_official_names():
    assert len(set(official_names("trackingnet"))) == 511
    got10k = official_names("got10k")
    assert (len(got10k), got10k[0], got10k[-1]) == (
        180,
        "GOT-10k_Test_000001",
        "GOT-10k_Test_000180",
    )
    assert official("got10k").complete
    assert not Expected("got10k", {"GOT-10k_Test_000001": None}).complete


def test_trackingnet_zip_is_lossless_and_flat(results, trackingnet_root, tmp_path, capsys):
    out = tmp_path / "t.zip"
    assert submit("trackingnet", results, trackingnet_root, out, "--partial") == 0
    written = tmp_path / "t-partial.zip"
    assert not out.exists()
    with zipfile.ZipFile(written) as archive:
        assert sorted(archive.namelist()) == sorted(f"{name}.txt" for name in FRAMES)
        for seed, (name, frames) in enumerate(FRAMES.items()):
            boxes = np.loadtxt(archive.open(f"{name}.txt"), delimiter=",")
            np.testing.assert_array_equal(boxes, make_boxes(frames, seed))
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert digest in capsys.readouterr().out
    assert main(["check", str(written), "--root", str(trackingnet_root)]) == 0


def test_got10k_zip_is_what_its_toolkit_writes(results, got10k_root, tmp_path):
    out = tmp_path / "partial.zip"
    assert submit("got10k", results, got10k_root, out, "--partial") == 0
    with zipfile.ZipFile(out) as archive:
        for seed, (name, frames) in enumerate(FRAMES.items()):
            np.savetxt(tmp_path / "toolkit.txt", make_boxes(frames, seed), "%.3f", ",")
            assert archive.read(f"{name}/{name}_001.txt") == (tmp_path / "toolkit.txt").read_bytes()
            assert archive.read(f"{name}/{name}_time.txt") == b"0.00500000\n" * frames
    assert main(["check", str(out), "--root", str(got10k_root)]) == 0


def test_the_same_records_give_the_same_bytes_and_are_left_alone(
    results, trackingnet_root, tmp_path
):
    before = tree_digest(results)
    contents = []
    for name in ("a-partial.zip", "b-partial.zip"):
        assert submit("trackingnet", results, trackingnet_root, tmp_path / name, "--partial") == 0
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert tree_digest(results) == before


def test_a_subset_needs_partial(results, trackingnet_root, tmp_path, capsys):
    assert submit("trackingnet", results, trackingnet_root, tmp_path / "t.zip") == 1
    assert "the server wants its 511" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.zip"))


def test_all_sequences_without_partial(results, trackingnet_root, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "toolkit_adapters.servers.expected.official_names", lambda kind: tuple(FRAMES)
    )
    out = tmp_path / "whole.zip"
    (results / "hit_nano" / "trackingnet" / "aa_0.npz").rename(tmp_path / "aside.npz")
    assert submit("trackingnet", results, trackingnet_root, out) == 1
    assert "aa_0" in capsys.readouterr().err
    (tmp_path / "aside.npz").rename(results / "hit_nano" / "trackingnet" / "aa_0.npz")
    assert submit("trackingnet", results, trackingnet_root, out) == 0
    assert out.is_file()


def test_integers_are_rounded_as_the_server_rounds(results, trackingnet_root, tmp_path, capsys):
    out = tmp_path / "int-partial.zip"
    assert submit("trackingnet", results, trackingnet_root, out, "--partial", "--round", "int") == 0
    assert "0.2 to 0.5 points" in capsys.readouterr().err
    with zipfile.ZipFile(out) as archive:
        lines = archive.read("aa_0.txt").decode().splitlines()
        assert lines == [",".join(f"{v:.0f}" for v in box) for box in make_boxes(5, 0)]
    assert submit("got10k", results, trackingnet_root, out, "--round", "int") == 1


def test_a_zip_that_would_be_rejected_is_not_written(results, trackingnet_root, tmp_path, capsys):
    path = results / "hit_nano" / "trackingnet" / "aa_0.npz"
    record = load_record(path)
    record.boxes[3, 2] = np.nan
    save_record(path, record)
    out = tmp_path / "t-partial.zip"
    out.write_bytes(b"an older zip")
    assert submit("trackingnet", results, trackingnet_root, out, "--partial") == 1
    assert "aa_0.txt:4: not a finite number" in capsys.readouterr().err
    assert out.read_bytes() == b"an older zip"


def test_unknown_tracker_says_who_has_records(results, trackingnet_root, tmp_path, capsys):
    arguments = ["submit", "trackingnet", str(results), "--tracker", "hit_tiny"]
    arguments += ["--root", str(trackingnet_root), "--out", str(tmp_path / "t.zip")]
    assert main(arguments) == 1
    assert "hit_nano has some" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["submit", "check"])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--root" in capsys.readouterr().out
