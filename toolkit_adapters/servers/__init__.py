"""Submissions to the TrackingNet and GOT-10k servers: zips from records, and their validator."""

from toolkit_adapters.servers.expected import TEST_SETS, Expected, of_dataset, of_names, official
from toolkit_adapters.servers.problems import Problem
from toolkit_adapters.servers.validator import check_zip, detect_kind
from toolkit_adapters.servers.writer import got10k_files, trackingnet_files, write_submission

__all__ = [
    "TEST_SETS",
    "Expected",
    "Problem",
    "check_zip",
    "detect_kind",
    "got10k_files",
    "of_dataset",
    "of_names",
    "official",
    "trackingnet_files",
    "write_submission",
]
