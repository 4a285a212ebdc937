"""Scores of trackers: pure functions of predictions and truth, one module per convention.

The same raw files give different numbers under different authorities, so a score without the name
of its convention means little:

lasot_official    the LaSOT authors' MATLAB toolkit
lasot_pytracking  STARK, OSTrack, HiT: the papers' numbers, the default for LaSOT
lasot_got10k      the got10k toolkit's master branch
trackingnet       the TrackingNet server
got10k            GOT-10k validation
otb_official      OTB's toolkit; uav_official: the same code
otb_pytracking    pytracking's analysis; so for uav, nfs and tnl2k

Examples:
    >>> from toolkit_adapters.scoring import Truth, combine, find
    >>> convention = find("lasot", "official")
    >>> scores = [convention.score(boxes, Truth(truth)) for boxes, truth in sequences]
    >>> combine(scores).values["AUC"]
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
