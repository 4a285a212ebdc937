"""The tracker of a small checkout, in the style of pytracking; so are its habits."""

import cv2
import numpy as np
import torch

from lib.models.matcher import Matcher


class MatcherTracker:
    def __init__(self, params, dataset_name):
        torch.manual_seed(params["seed"])
        self.network = Matcher().cuda().eval()
        self.factor = np.float(params["search_factor"])
        print(f"{dataset_name}: search factor {self.factor}")

    def sample(self, image, side, size):
        x, y, w, h = self.state
        patch = cv2.getRectSubPix(image, (round(side), round(side)), (x + w / 2, y + h / 2))
        patch = torch.from_numpy(cv2.resize(patch, (size, size))).cuda()
        return patch.permute(2, 0, 1)[None].float() / 255

    def initialize(self, image, info):
        self.state = list(info["init_bbox"])
        with torch.no_grad():
            self.template = self.sample(image, max(self.state[2:]), 128)

    def track(self, image, info=None):
        side = self.factor * max(self.state[2:])
        with torch.no_grad():
            response = self.network.forward_test(self.template, self.sample(image, side, 384))
        response = response.cpu().numpy()
        window = np.hanning(len(response) + 2)[1:-1]
        response = response * np.outer(window, window)
        row, column = np.unravel_index(response.argmax(), response.shape)
        step = side / len(response)
        self.state[0] += (column + 0.5) * step - side / 2
        self.state[1] += (row + 0.5) * step - side / 2
        return {"target_bbox": self.state, "best_score": response.max()}


def get_tracker_class():
    return MatcherTracker
