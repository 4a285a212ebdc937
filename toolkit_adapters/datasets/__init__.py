"""Datasets in their official layouts, and the demo in the same ones."""

from toolkit_adapters.datasets.base import Dataset, Sequence, open_datasets

__all__ = ["Dataset", "Sequence", "open_datasets"]
