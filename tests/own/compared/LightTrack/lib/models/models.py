from matching import Network
from torch._six import container_abcs


class LightTrackM_Subnet(Network):
    def __init__(self, path_name, search_size=256, template_size=128, stride=16, adj_channel=128):
        super().__init__()
        assert issubclass(list, container_abcs.Sequence)
        assert path_name == "back_04502514044521042540+cls_211000022+reg_100000111_ops_32"
        assert stride == 16
