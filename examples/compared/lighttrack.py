"""LightTrack-Mobile (CVPR 2021) from a checkout of researchmm/LightTrack.

Made as its tracking/test_lighttrack.py does, with the settings of tracking/reproduce_vot2019.sh:
the only ones that it has. Its weights are in the checkout. It needs easydict, PyYAML and shapely.
"""

import collections.abc
import sys
import types

import numpy as np
import torch
from easydict import EasyDict

# PyTorch 2 has lost the module that the checkout takes this name from.
sys.modules.setdefault("torch._six", types.ModuleType("torch._six"))
sys.modules["torch._six"].container_abcs = collections.abc

from lib.models import models  # noqa: E402
from lib.tracker.lighttrack import Lighttrack  # noqa: E402
from lib.utils.utils import cxy_wh_2_rect  # noqa: E402

WEIGHTS = "snapshot/LightTrackM/LightTrackM.pth"
PATH = "back_04502514044521042540+cls_211000022+reg_100000111_ops_32"


class LightTrack:
    """A network that a search has found; RGB."""

    def __init__(self, device="cpu", weights=WEIGHTS):
        found = torch.load(weights, map_location=device, weights_only=True)
        found = found.get("state_dict", found)
        state = {name.removeprefix("module."): value for name, value in found.items()}
        self.network = models.LightTrackM_Subnet(PATH, stride=16)
        self.network.load_state_dict(state, strict=False)  # counters of batches differ
        self.network = self.network.to(device).eval()
        self.tracker = Lighttrack(EasyDict(dataset="VOT2019", stride=16))

    @torch.no_grad()
    def init(self, image, box):
        x, y, w, h = box
        centre, size = np.array([x + w / 2, y + h / 2]), np.array([w, h])
        self.state = self.tracker.init(image, centre, size, self.network)

    @torch.no_grad()
    def update(self, image):
        self.state = self.tracker.track(self.state, image)
        box = cxy_wh_2_rect(self.state["target_pos"], self.state["target_sz"])
        return box, float(self.state["cls_score"].max())
