"""VitTrack (OpenCV's `TrackerVit`) as a PyTorch network, from its published weights.

Get `vitTracker.onnx` from the OpenCV model zoo (Apache 2.0) and let WEIGHTS name its folder. Three
blocks of attention over 64 tokens of the template and 256 of the search region, which are computed
together; the head is that of OSTrack: a score, a size and an offset for each of 16 x 16 places.
"""

import math
import os
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

WEIGHTS = os.environ.get("WEIGHTS", "weights")
WIDTH, SIDE, TEMPLATE, SEARCH = 48, 16, 128, 256
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


class Block(nn.Module):
    """A pre-norm transformer block with one head."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, 1, WIDTH)).permute(2, 0, 3, 1, 4)
        weights = ((q * WIDTH**-0.5) @ k.transpose(-2, -1)).softmax(dim=-1)
        x = x + self.proj((weights @ v).transpose(1, 2).flatten(2))
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm2(x))))


def stem():
    """Four convolutions that halve the image, to WIDTH channels."""
    widths = [3, 6, 12, 24, WIDTH]
    layers = []
    for i in range(4):
        layers += [nn.Conv2d(widths[i], widths[i + 1], 3, 2, 1), nn.Hardswish()]
    return nn.Sequential(*layers[:-1])


def branch(outputs):
    """A branch of the head; its last convolution comes apart from the others in the file."""
    widths = [WIDTH, 32, 16, 8, 4]
    layers = []
    for i in range(4):
        layers += [nn.Conv2d(widths[i], widths[i + 1], 3, 1, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(4, outputs, 1))


class VitNetwork(nn.Module):
    """Template (1, 3, 128, 128) and search region (1, 3, 256, 256) to score, size and offset."""

    def __init__(self):
        super().__init__()
        self.template_stem, self.search_stem = stem(), stem()
        self.template_position = nn.Parameter(torch.zeros(1, 64, WIDTH))
        self.search_position = nn.Parameter(torch.zeros(1, 256, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.norm = nn.LayerNorm(WIDTH)
        self.score, self.offset, self.size = branch(1), branch(2), branch(2)

    def forward(self, template, search):
        z = self.template_stem(template).flatten(2).transpose(1, 2) + self.template_position
        x = self.search_stem(search).flatten(2).transpose(1, 2) + self.search_position
        tokens = torch.cat((z, x), dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        found = self.norm(tokens)[:, -SIDE * SIDE :].transpose(1, 2).unflatten(2, (SIDE, SIDE))
        score = self.score(found).sigmoid().clamp(1e-4, 1 - 1e-4)
        return score, self.size(found).sigmoid().clamp(1e-4, 1 - 1e-4), self.offset(found)


def load(path):
    """The network with the weights of the ONNX file, which names only some of them.

    Batch norms and transpositions were folded into convolutions and matrices, which lost their
    names by that; their order is that of the network.
    """
    graph = onnx.load(path).graph
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    named = {"template_position": "pos_embed_z", "search_position": "pos_embed_x"}
    named |= {f"norm.{kind}": f"norm.{kind}" for kind in ("weight", "bias")}
    layers = {"qkv": "attn.qkv", "proj": "attn.proj", "fc1": "mlp.fc1", "fc2": "mlp.fc2"}
    for block in ("blocks.0", "blocks.1", "blocks.2"):
        named |= {
            f"{block}.{ours}.bias": f"{block}.{theirs}.bias" for ours, theirs in layers.items()
        }
        for norm in ("norm1", "norm2"):
            named |= {
                f"{block}.{norm}.{kind}": f"{block}.{norm}.{kind}" for kind in ("weight", "bias")
            }
    for ours, theirs in (("score", "ctr"), ("offset", "offset"), ("size", "size")):
        for kind in ("weight", "bias"):
            named[f"{ours}.8.{kind}"] = f"box_head.conv5_{theirs}.{kind}"
    state = {ours: values[theirs] for ours, theirs in named.items()}
    matrices = [n.input[1] for n in graph.node if n.op_type == "MatMul" and n.input[1] in values]
    places = [f"blocks.{i}.{layer}.weight" for i in range(3) for layer in layers]
    state |= {place: values[name].T for place, name in zip(places, matrices, strict=True)}
    convolutions = [
        n.input for n in graph.node if n.op_type == "Conv" and "conv5" not in n.input[1]
    ]
    parts = ("template_stem", "search_stem", "score", "offset", "size")
    places = [f"{part}.{2 * i}" for part in parts for i in range(4)]
    for place, (_, weight, bias) in zip(places, convolutions, strict=True):
        state |= {f"{place}.weight": values[weight], f"{place}.bias": values[bias]}
    network = VitNetwork()
    network.load_state_dict(state)
    return network.eval()


class VitTrack:
    """Search region four times as wide as the target, under a Hann window; RGB."""

    def __init__(self, device="cpu", weights=WEIGHTS):
        self.device = device
        self.network = load(str(Path(weights, "vitTracker.onnx"))).to(device)
        hann = np.hanning(SIDE + 2)[1:-1]
        self.window = np.outer(hann, hann).astype(np.float32)

    def region(self, image, factor, size):
        """A square around the box, black where it leaves the image, as the network reads it."""
        x, y, w, h = self.box
        side = math.ceil(math.sqrt(w * h) * factor)
        left, top = round(x + (w - side) / 2), round(y + (h - side) / 2)
        height, width = image.shape[:2]
        patch = np.zeros((side, side, 3), np.uint8)
        x1, y1 = max(left, 0), max(top, 0)
        x2, y2 = min(left + side, width - 1), min(top + side, height - 1)  # as the original pads
        if x2 > x1 and y2 > y1:
            patch[y1 - top : y2 - top, x1 - left : x2 - left] = image[y1:y2, x1:x2]
        values = (cv2.resize(patch, (size, size)).astype(np.float32) / 255 - MEAN) / DEVIATION
        return torch.from_numpy(values.transpose(2, 0, 1)[None].copy()).to(self.device), side

    def init(self, image, box):
        self.box = [float(value) for value in box]
        self.template, _ = self.region(image, 2, TEMPLATE)

    @torch.inference_mode()
    def update(self, image):
        search, side = self.region(image, 4, SEARCH)
        score, size, offset = (o[0].cpu().numpy() for o in self.network(self.template, search))
        best = int((score[0] * self.window).argmax())
        row, column = divmod(best, SIDE)
        w, h = (float(one) * side for one in size[:, row, column])
        x, y, old_w, old_h = self.box
        dx, dy = (float(one) for one in offset[:, row, column])
        centre_x = x + old_w / 2 + ((column + dx) / SIDE - 0.5) * side
        centre_y = y + old_h / 2 + ((row + dy) / SIDE - 0.5) * side
        height, width = image.shape[:2]
        # At least ten pixels stay on the image.
        left, right = np.clip([centre_x - w / 2, centre_x + w / 2], [0, 10], [width - 10, width])
        top, bottom = np.clip([centre_y - h / 2, centre_y + h / 2], [0, 10], [height - 10, height])
        self.box = [float(v) for v in (left, top, max(10, right - left), max(10, bottom - top))]
        return self.box, float(score[0, row, column])
