"""List trackers, what each claims, and datasets.

Names combine: hit_base_exact_graph is Base with exact attention, captured as a CUDA graph. A name
without a size is Base where an official checkpoint is configured, else the embedded Nano.
"""

from __future__ import annotations

import argparse

from toolkit_adapters.config import BENCHMARKS, DATASETS, variable

HELP = "list trackers, their claims, and datasets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--size", help="only trackers of this size")


def run(args: argparse.Namespace) -> int:
    """Print; imports neither PyTorch nor NumPy."""
    from hit_trackers import list_trackers
    from hit_trackers.zoo import ATTENTIONS, CLAIMS, ENGINES, PRECISIONS

    specs = [spec for spec in list_trackers() if args.size in (None, spec.size)]
    width = max((len(spec.name) for spec in specs), default=0)
    print("trackers:")
    for spec in specs:
        print(f"  {spec.name:<{width}}  {spec.claim}")
    print("\nparts of a name:")
    for meanings in (ATTENTIONS, ENGINES, PRECISIONS):
        for token, meaning in meanings.items():
            print(f"  {token:<{width}}  {meaning}")
    print("\nclaims:")
    for claim, meaning in CLAIMS.items():
        print(f"  {claim:<{width}}  {meaning}")
    print("\ndatasets:")
    for name in DATASETS:
        where = f"--root or {variable(BENCHMARKS[name])}" if name in BENCHMARKS else "needs nothing"
        print(f"  {name:<{width}}  {where}")
    return 0
