"""Trackers that somebody might have written, as the text of files."""

from __future__ import annotations

from pathlib import Path

MINE = '''
class Mine:
    """Moves its box by the mean colour."""

    def init(self, image, box):
        self.box = box

    def update(self, image):
        self.box = self.box + [*image.mean(axis=(0, 1)) / 255, 0]
        return self.box, 0.5
'''

#: A network with one attention; what its tracker does with the answer is nothing official.
NETWORK = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 4, 4)
        self.qkv = nn.Linear(16, 48)
        self.head = nn.Linear(16, 1)

    def forward(self, template, search):
        both = [self.embed(x).flatten(2).transpose(1, 2) for x in (template, search)]
        tokens = torch.cat(both, 1)
        q, k, v = self.qkv(tokens).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * 8**-0.5).softmax(-1)
        mixed = (weights @ v).transpose(1, 2).flatten(2)
        return {"score": self.head(tokens + mixed)[:, -576:].sigmoid()}


class Tracker:
    def __init__(self, device="cpu"):
        torch.manual_seed(0)
        self.network = Network().eval().to(device)
        self.device = device

    def crop(self, image, side):
        image = torch.from_numpy(image).to(self.device).permute(2, 0, 1)[None] / 255
        return nn.functional.interpolate(image, (side, side), mode="bilinear")

    @torch.no_grad()
    def initialize(self, image, info):
        self.box = list(info["init_bbox"])
        self.template = self.crop(image, 32)

    @torch.no_grad()
    def track(self, image, info=None):
        score = self.network(self.template, self.crop(image, 96))["score"].flatten()
        self.box[0] += float((score * torch.linspace(-1, 1, 576, device=self.device)).sum())
        return {"target_bbox": self.box, "best_score": float(score.max())}
"""

#: The same, whose network keeps its template: an export would freeze the first one.
KEEPING = (
    NETWORK.replace(
        "def forward(self, template, search):",
        "def keep(self, template):\n        self.kept = template\n\n"
        "    def look(self, search):\n        template = self.kept",
    )
    .replace("self.template = self.crop(image, 32)", "self.network.keep(self.crop(image, 32))")
    .replace(
        "self.network(self.template, self.crop(image, 96))",
        "self.network.look(self.crop(image, 96))",
    )
)

#: The same whose map of scores fits a cache.
SMALL = NETWORK.replace("self.crop(image, 96)", "self.crop(image, 32)").replace("576", "64")

#: The same without an attention.
CONVOLUTION = NETWORK.replace(
    "weights = (q @ k.transpose(-2, -1) * 8**-0.5).softmax(-1)\n        mixed = (weights @ v)",
    "mixed = (q + k + v)",
)


def write(name: str, text: str) -> Path:
    """Write a file in the working directory."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
