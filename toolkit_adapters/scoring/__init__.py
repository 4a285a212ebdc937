"""Scores of trackers: pure functions of predictions and truth, one module a convention.

The same raw files give different numbers under different authorities, so a score without the name
of its convention means little:

lasot_official    the LaSOT authors' MATLAB toolkit
lasot_pytracking  STARK, OSTrack, HiT: the papers' numbers, the default for LaSOT
lasot_got10k      the got10k toolkit's master branch
trackingnet       the TrackingNet server
got10k            GOT-10k validation

>>> from toolkit_adapters.scoring import find, combine, Truth
>>> convention = find("lasot", "official")
>>> overall = combine([convention.score(boxes, Truth(truth, absent)) for boxes, truth, absent in
...]) >>> overall.values["AUC"]
"""

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring.conventions import CONVENTIONS, DATASETS, Convention, find
from toolkit_adapters.scoring.errors import InvalidBoxError, ShortResultError
from toolkit_adapters.scoring.scores import Score, combine

__all__ = [
    "CONVENTIONS",
    "DATASETS",
    "Convention",
    "InvalidBoxError",
    "Score",
    "ShortResultError",
    "Truth",
    "combine",
    "find",
]
