"""STARK (ICCV 2021): an encoder-decoder transformer, with and without a template that changes."""

from hit_trackers.stark.family import FAMILY

__all__ = ["FAMILY"]
