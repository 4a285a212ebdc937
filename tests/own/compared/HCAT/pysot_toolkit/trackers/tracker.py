import torch
from matching import find, patch


class Tracker:
    """In the shape of HCAT's, which is that of pytracking."""

    def __init__(
        self,
        name,
        net,
        feature_size,
        window_penalty=0.49,
        penalty_k=0,
        exemplar_size=128,
        instance_size=256,
    ):
        assert (feature_size, window_penalty, penalty_k) == (16, 0.42, 0)
        assert (exemplar_size, instance_size) == (128, 256)
        self.net = net

    def initialize_features(self):
        if not getattr(self, "features_initialized", False):
            self.net.initialize()
        self.features_initialized = True

    def initialize(self, image, info: dict) -> dict:
        self.initialize_features()
        self.box = info["init_bbox"]
        self.template = patch(image, self.box)
        return {"time": 0.0}

    def track(self, image, info: dict | None = None) -> dict:
        assert not torch.is_grad_enabled()
        x, y, score = find(self.net.net, image, self.template)
        return {"target_bbox": [x, y, *self.box[2:]], "best_score": score}
