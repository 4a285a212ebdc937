"""TransT (CVPR 2021): a template's and a search region's tokens attend to each other."""

from hit_trackers.transt.family import FAMILY

__all__ = ["FAMILY"]
