"""FEAR-XS (ECCV 2022) from a checkout of PinataFarms/FEARTracker, made as its demo_video.py does.

Its weights are in the checkout, and what it needs in its requirements.txt; of Hydra, 1.3 from
Python 3.11 on. `examples/published` has the same network without any of it.
"""

import numpy as np
import torch
from hydra.utils import instantiate
from model_training.utils.hydra import load_hydra_config_from_path
from model_training.utils.torch import load_from_lighting

WEIGHTS = "evaluate/checkpoints/FEAR-XS-NoEmbs.ckpt"


class FearXS:
    """Without the dynamic template, which its authors have not published; RGB, whole pixels."""

    def __init__(self, device="cpu", weights=WEIGHTS):
        # All weights are in the file: none of the backbone has to be fetched.
        config = load_hydra_config_from_path(
            "model_training/config", "fear_tracker", overrides=["model.pretrained=false"]
        )
        model = load_from_lighting(instantiate(config["model"]), weights, map_location=device)
        model = model.to(device).eval()
        self.tracker = instantiate(config["tracker"], model=model, cuda_id=device)

    @torch.no_grad()
    def init(self, image, box):
        self.tracker.initialize(image, np.round(box).astype(int))

    @torch.no_grad()
    def update(self, image):
        return self.tracker.update(image)["bbox"]
