"""In the shape of FEAR's tracker: rectangles of whole pixels, answers under `bbox`."""

import numpy as np
from matching import find, patch


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
