"""MixFormer (CVPR 2022): mixed attention over template, online templates and search region."""

from hit_trackers.mixformer.family import FAMILY

__all__ = ["FAMILY"]
