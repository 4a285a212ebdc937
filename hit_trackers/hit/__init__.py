"""HiT (ICCV 2023), a light hierarchical transformer tracker: the first family."""

from hit_trackers.hit.family import FAMILY

__all__ = ["FAMILY"]
