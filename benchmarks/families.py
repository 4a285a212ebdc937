"""The trackers that the paper names: what its change gives in each, and what `exact` gives.

Runs each baseline with `memeff` (the paper's change) and `exact` on the demo, and writes one table
over all of them to reports/families/report.md, with the records' own certificates and times behind
it. Interrupted, the same command goes on where it was.

    python -m benchmarks.families --frames 9 --sequences 4

Weights are seeded: bits, times and bytes are those of the official architectures, boxes mean
nothing. On a machine that does other things at the same time the ratios scatter by some per cent.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from tabulate import tabulate

import toolkit_adapters as harness
from hit_trackers.families import parse
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.reporting import memory
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.memory import Peak
from toolkit_adapters.verdict.levels import Boxes

BASELINES = (
    *("hit_base", "transt", "stark_s50", "stark_st50", "mixformer_cvt", "mixformer_vit"),
    *("ostrack_256", "ostrack_384"),
)
VARIANTS = ("memeff", "exact")
HEADINGS = (
    *("tracker", "is", "identical frames", "decisions flipped", "smallest margin"),
    *("× update", "activations MiB", "claim holds"),
)


@dataclass(frozen=True)
class Found:
    """A variant of one baseline."""

    name: str
    boxes: Boxes
    holds: bool
    row: tuple[str, ...]


def one(collection: Collection, name: str) -> Found:
    """What the records say of a variant."""
    certificate = collection.certificate(name)
    assert certificate is not None
    ratio = collection.ratio(name, "update")
    peaks = [memory.peak(collection, who, Peak.ACTIVATIONS) for who in (certificate.baseline, name)]
    flips = [flips for s in certificate.sequences for flips in s.flips]
    margins = [flip.smallest for flip in flips]
    row = (
        name,
        certificate.verdict,
        f"{certificate.identical_share:.1%}",
        f"{sum(f.flips for f in flips)} of {sum(f.frames for f in flips)}" if flips else "-",
        f"{min(margins):.1g}" if margins else "",
        f"{ratio.value:.3f}" if ratio else "",
        " -> ".join("?" if peak is None else f"{peak / 2**20:.1f}" for peak in peaks),
        certificate.kept,
    )
    return Found(name, certificate.boxes, certificate.holds, row)


def sentence(found: list[Found]) -> str:
    """The answer to the paper's claim of generality."""
    memeff = [one for one in found if one.name.endswith("_memeff")]
    exact = [one for one in found if one.name.endswith("_exact")]
    same = sum(one.boxes is Boxes.BITWISE for one in memeff)
    kept = sum(one.boxes is Boxes.BITWISE for one in exact)
    return (
        f"The paper's change can be made in all {len(memeff)} of these trackers; its predictions "
        f"are bitwise identical in {same} of them, those of `exact` in {kept} of "
        f"{len(exact)}."
    )


def main() -> None:
    """Run, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=9, help="of each sequence")
    parser.add_argument("--sequences", type=int, default=4, help="of the demo")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--baseline", action="append", help="only this one; repeat for more")
    parser.add_argument("--results", type=Path, default=Path("results/families"))
    parser.add_argument("--out", type=Path, default=Path("reports/families"))
    args = parser.parse_args()
    names = [s.name for dataset in open_datasets("demo") for s in dataset][: args.sequences]
    found: list[Found] = []
    for baseline in args.baseline or BASELINES:
        trackers = [baseline, *(f"{baseline}_{variant}" for variant in VARIANTS)]
        folder = args.results / baseline
        harness.run(
            trackers,
            ["demo"],
            folder,
            sequences=tuple(names),
            max_frames=args.frames,
            threads=args.threads,
            open_loop=2,
            controls=0,  # here each variant is the other's: one must be equal, one must differ
            checkpoints={"": "seeded"},
        )
        collection = harness.report(folder)
        found += [one(collection, parse(name).name) for name in trackers[1:]]
    command = (
        f"python -m benchmarks.families --frames {args.frames} --sequences {args.sequences} "
        f"--threads {args.threads}" + "".join(f" --baseline {one}" for one in args.baseline or ())
    )
    text = "\n".join(
        (
            "# The trackers that the paper names",
            "",
            sentence(found),
            "",
            f"`{command}` on {collection.devices[0]}, {os.cpu_count()} cores, PyTorch "
            f"{torch.__version__}, float32, batch 1, seeded weights: bits, times and bytes are "
            "those of the official architectures, and boxes mean nothing. Closed loop on rendered "
            "sequences.",
            "",
            tabulate([f.row for f in found], HEADINGS, tablefmt="github", disable_numparse=True),
            "",
            "- **is**: how far boxes are from the baseline's, closed loop; bitwise: every bit.",
            "- **decisions**: choices that a last bit can flip, such as which tokens are dropped, "
            "which cell is highest, whether a frame becomes a template (docs/decisions.md).",
            "- **×**: the baseline's total time over the variant's, on the same frames. The run is "
            "short: ratios of time scatter by ten per cent and more.",
            "- **activations**: peak of the memory that PyTorch allocates in a frame beside the "
            "weights, the baseline's and the variant's.",
            "",
        )
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
