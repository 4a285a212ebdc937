"""What an old checkout is lent in its room, and only there; and where declarations are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from own_samples import MINE, write

from hit_trackers import load_tracker
from hit_trackers.declarations import FILE_VARIABLE
from hit_trackers.families import registry
from hit_trackers.own import trial
from toolkit_adapters import cli

OLD = """
import numpy as np
import torch


class Mine:
    def __init__(self):
        self.net = torch.nn.Linear(2, 2).cuda()
        self.net.load_state_dict(torch.load("weights.pth"))

    def init(self, image, box):
        self.box = np.array(box, dtype=np.float)

    def update(self, image):
        with torch.no_grad():
            move = self.net(torch.ones(2).cuda().to("cuda:0")).to(device="cuda")
        torch.cuda.synchronize()
        return self.box + [*move.tolist(), 0, np.int(0)]
"""


def test_cuda_is_led_to_the_device_and_numpy_has_its_old_names() -> None:
    write("mine.py", OLD)
    torch.save(torch.nn.Linear(2, 2).state_dict(), "weights.pth")
    declared = '[mine]\nmake = "mine.py:Mine"\n'
    write("trackers.toml", declared)
    if not torch.cuda.is_available():
        with pytest.raises(Exception, match=r"CUDA|cuda"):
            load_tracker("mine")
    registry.cache_clear()
    write("trackers.toml", declared + 'cuda = "redirect"\nnumpy_aliases = true\n')
    before = (
        torch.Tensor.cuda,
        torch.Tensor.to,
        torch.nn.Module.to,
        torch.load,
        torch.cuda.synchronize,
    )
    tracker = load_tracker("mine")
    tracker.init(trial.image(0, 0), trial.BOX)
    assert np.isfinite(tracker.update(trial.image(0, 1)).box).all()
    after = (
        torch.Tensor.cuda,
        torch.Tensor.to,
        torch.nn.Module.to,
        torch.load,
        torch.cuda.synchronize,
    )
    assert after == before
    assert "float" not in vars(np)
    assert "cuda" in vars(torch.nn.Module)


def test_a_file_of_trackers_is_named_on_the_command_line_or_configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "lab.toml").write_text('[mine]\nmake = "mine.py:Mine"\n')
    command = ["run", "--dataset", "demo", "--max-frames", "2", "--no-memory", "--controls", "0"]
    command += ["--sequence", "Demo_Val_000001", "--tracker", "mine", "--results"]
    assert cli.main([*command, str(tmp_path / "a")]) == 1
    assert "unknown tracker 'mine'" in capsys.readouterr().err
    assert cli.main([*command, str(tmp_path / "b"), "--trackers", str(folder / "lab.toml")]) == 0
    monkeypatch.setenv("HIT_TRACKERS_OWN", "[]")
    registry.cache_clear()
    config = tmp_path / "config.ini"
    config.write_text(f"[trackers]\nfile = {folder / 'lab.toml'}\n")
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", str(config))
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    assert cli.main([*command, str(tmp_path / "c")]) == 0
    monkeypatch.delenv(FILE_VARIABLE)
    assert cli.main(["list", "--trackers", str(folder / "nowhere.toml")]) == 1
    assert "nowhere.toml" in capsys.readouterr().err
