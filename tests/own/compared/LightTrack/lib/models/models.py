import cv2
import torch
from torch._six import container_abcs


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


class LightTrackM_Subnet(Network):
    def __init__(self, path_name, search_size=256, template_size=128, stride=16, adj_channel=128):
        super().__init__()
        assert issubclass(list, container_abcs.Sequence)
        assert path_name == "back_04502514044521042540+cls_211000022+reg_100000111_ops_32"
        assert stride == 16
