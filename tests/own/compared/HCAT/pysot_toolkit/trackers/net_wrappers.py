import torch
from matching import Network


class NetWithBackbone:
    def __init__(self, net_path, use_gpu=True, initialize=False, **kwargs):
        self.net_path, self.use_gpu, self.net = net_path, use_gpu, None

    def initialize(self):
        self.net = Network()
        self.net.load_state_dict(torch.load(self.net_path, map_location="cpu")["net"])
        if self.use_gpu:
            self.net.cuda()
        self.net.eval()
