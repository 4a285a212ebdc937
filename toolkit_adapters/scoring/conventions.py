"""The conventions by name, with what a table needs to print them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hit_trackers.errors import DatasetError
from toolkit_adapters.scoring import (
    got10k,
    lasot_got10k,
    lasot_official,
    lasot_pytracking,
    otb,
    pytracking,
    trackingnet,
)
from toolkit_adapters.scoring.geometry import Floats
from toolkit_adapters.scoring.scores import Score


@dataclass(frozen=True)
class Convention:
    """How one authority scores a dataset.

    score: predictions and `Truth` of one sequence to its `Score`; those of datasets with
        attributes of frames take `only`, too: bool (N,), the frames that count.
    headline: the values a table prints, in the order papers print them.
    thresholds: of each curve.
    zeros_for_missing: a missing result is scored (as `score(None, truth)`) and not an error.
    """

    name: str
    dataset: str
    authority: str
    score: Callable[..., Score]
    headline: tuple[str, ...]
    thresholds: dict[str, Floats]
    zeros_for_missing: bool = False


def _curves(module: object) -> dict[str, Floats]:
    names = {
        "success": "IOU_THRESHOLDS",
        "precision": "ERROR_THRESHOLDS",
        "norm_precision": "NORM_ERROR_THRESHOLDS",
    }
    return {curve: getattr(module, name) for curve, name in names.items() if hasattr(module, name)}


_LASOT = ("AUC", "P_Norm", "P", "OP50", "OP75")
_OTB = ("AUC", "P", "OP50")


def _pytracking(dataset: str, score: Callable[..., Score] = pytracking.score) -> Convention:
    return Convention(
        f"{dataset}_pytracking",
        dataset,
        "pytracking's analysis: the numbers of most papers",
        score,
        _LASOT,
        _curves(pytracking),
    )


CONVENTIONS = {
    convention.name: convention
    for convention in (
        Convention(
            "lasot_pytracking",
            "lasot",
            "STARK, OSTrack and HiT (pytracking's analysis): the papers' numbers",
            lasot_pytracking.score,
            _LASOT,
            _curves(lasot_official),
        ),
        Convention(
            "lasot_official",
            "lasot",
            "the LaSOT authors' MATLAB toolkit",
            lasot_official.score,
            _LASOT,
            _curves(lasot_official),
        ),
        Convention(
            "lasot_got10k",
            "lasot",
            "the got10k toolkit's master branch",
            lasot_got10k.score,
            _LASOT,
            _curves(lasot_got10k),
        ),
        Convention(
            "trackingnet",
            "trackingnet",
            "the TrackingNet server",
            trackingnet.score,
            ("Success", "NormPrec", "Precision", "Coverage"),
            _curves(trackingnet),
            zeros_for_missing=True,
        ),
        Convention(
            "got10k",
            "got10k",
            "the got10k toolkit (validation)",
            got10k.score,
            ("AO", "SR0.5", "SR0.75"),
            _curves(got10k),
        ),
        Convention(
            "otb_official",
            "otb",
            "the OTB toolkit, one-pass evaluation",
            otb.score,
            _OTB,
            _curves(otb),
        ),
        _pytracking("otb"),
        _pytracking("uav", pytracking.score_uav),
        Convention(
            "uav_official",
            "uav",
            "the UAV123 toolkit, whose code is OTB's",
            otb.score,
            _OTB,
            _curves(otb),
        ),
        _pytracking("nfs"),
        _pytracking("tnl2k"),
    )
}
#: The default of each dataset comes first in `CONVENTIONS`.
DATASETS = tuple(dict.fromkeys(convention.dataset for convention in CONVENTIONS.values()))


#: Who scores datasets that have no authority of their own.
ELSEWHERE = {"folder": "otb", "folder-xyxy": "otb", "vot": "otb"}


def find(dataset: str, name: str | None = None) -> Convention:
    """The convention `name` of a dataset; its default where no name is given.

    The dataset is "lasot", "trackingnet" or "got10k", or has one of them for a part of its name
    ("demo-lasot", "got10k-val"). "official" and "lasot_official" mean the same for LaSOT.

    Raises:
        DatasetError: an unknown dataset, or a convention that it does not have.
    """
    dataset = ELSEWHERE.get(dataset, dataset)
    family = next((known for known in DATASETS if known in dataset), None)
    if family is None:
        raise DatasetError(f"unknown dataset {dataset!r}; known: {', '.join(DATASETS)}")
    known = [convention for convention in CONVENTIONS.values() if convention.dataset == family]
    if name is None:
        return known[0]
    wanted = name.lower().replace("-", "_")
    for convention in known:
        if wanted in {convention.name, convention.name.removeprefix(f"{family}_")}:
            return convention
    names = ", ".join(convention.name for convention in known)
    raise DatasetError(f"{family} has no convention {name!r}; it has: {names}")
