"""OSTrack (ECCV 2022): one stream of tokens, template and search region, through a ViT."""

from hit_trackers.ostrack.family import FAMILY

__all__ = ["FAMILY"]
