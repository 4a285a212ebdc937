"""HCAT (2022) from a checkout of chenxin-dlut/HCAT, made as its pysot_toolkit/test.py does.

Its README says where its weights are. They hold, pickled, how the network is made: PyTorch since
2.6 reads them only where TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 says that you trust the file.
"""

import torch
from pysot_toolkit.trackers.net_wrappers import NetWithBackbone
from pysot_toolkit.trackers.tracker import Tracker

WEIGHTS = "pysot_toolkit/models/res18_N2_q16.pth"


class HCAT:
    """The tracker of its own test, which sees to no gradients; RGB."""

    def __init__(self, weights=WEIGHTS):
        net = NetWithBackbone(net_path=weights, use_gpu=True)
        self.tracker = Tracker("HCAT", net, 16, window_penalty=0.42)
        self.tracker.initialize_features()  # at the first target otherwise, too late to be seen
        self.network = net.net

    @torch.no_grad()
    def initialize(self, image, info):
        self.tracker.initialize(image, info)

    @torch.no_grad()
    def track(self, image, info):
        return self.tracker.track(image, info)
