import numpy as np
from matching import find, patch


class Lighttrack:
    """In the shape of LightTrack's: centre and size, and a state that is handed around."""

    def __init__(self, info, even=0):
        assert (info.dataset, info.stride) == ("VOT2019", 16)

    def init(self, im, target_pos, target_sz, model):
        template = patch(im, [*(target_pos - target_sz / 2), *target_sz])
        return {
            "net": model,
            "template": template,
            "target_pos": target_pos,
            "target_sz": target_sz,
        }

    def track(self, state, im):
        x, y, score = find(state["net"], im, state["template"])
        state["target_pos"] = np.array([x, y]) + state["target_sz"] / 2
        state["cls_score"] = np.full((16, 16), score)
        return state
