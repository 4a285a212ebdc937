"""Datasets in their official layouts, and the demo in the same ones."""

from toolkit_adapters.datasets.catalogue import open_datasets

__all__ = ["open_datasets"]
