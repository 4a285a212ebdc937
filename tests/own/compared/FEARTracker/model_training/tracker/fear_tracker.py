"""In the shape of FEAR's tracker: rectangles of whole pixels, answers under `bbox`."""

import cv2
import numpy as np
import torch


class Network(torch.nn.Module):
    """Stands for a network: its scale comes from the weights."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(1))

    def track(self, image):
        return image * self.scale


def patch(image, box):
    x, y, w, h = (round(float(side)) for side in box)
    return image[max(y, 0) : y + h, max(x, 0) : x + w].copy()


def find(network, image, template):
    """Where the template fits best: x, y, and how well."""
    image = network.track(torch.from_numpy(image.astype("float32"))).cpu().numpy()
    fit = cv2.matchTemplate(image, template.astype("float32"), cv2.TM_CCOEFF_NORMED)
    _, score, _, place = cv2.minMaxLoc(fit)
    return *place, score


class FEARTracker:
    def __init__(self, model, cuda_id=0, **config):
        assert cuda_id != 0, "the first GPU, where none was asked for"
        assert config == {"template_size": 128}
        self.net = model

    def initialize(self, image, rect, **kwargs):
        assert np.issubdtype(rect.dtype, np.integer)
        self.rect = rect
        self.template = patch(image, rect)

    def update(self, image, *kw):
        x, y, _ = find(self.net, image, self.template)
        return {"bbox": [int(x), int(y), int(self.rect[2]), int(self.rect[3])]}
