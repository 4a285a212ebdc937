"""List trackers, what each claims, and datasets.

Names combine: hit_base_exact_graph is Base with exact attention, captured as a CUDA graph. A name
without a size is Base where an official checkpoint is configured, else the embedded Nano.
"""

from __future__ import annotations

import argparse

from hit_trackers.zoo import SIZES
from toolkit_adapters.datasets.catalogue import BENCHMARKS, DATASETS, variable

HELP = "list trackers, their claims, and datasets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--size", choices=SIZES, help="write names of this size")


def run(args: argparse.Namespace) -> int:
    """Print; imports neither PyTorch nor NumPy."""
    from hit_trackers import list_trackers
    from hit_trackers.zoo import ATTENTIONS, CLAIMS, ENGINES, PRECISIONS

    size = args.size or "SIZE"
    claims = {
        spec.name.replace(f"hit_{spec.size}", f"hit_{size}"): spec.claim for spec in list_trackers()
    }
    width = max(map(len, claims))
    print("trackers:" if args.size else f"trackers (SIZE is {', '.join(SIZES)}):")
    for name, claim in claims.items():
        print(f"  {name:<{width}}  {claim}")
    print("\nparts of a name:")
    for meanings in (ATTENTIONS, ENGINES, PRECISIONS):
        for token, meaning in list(meanings.items())[1:]:  # the first is what no token means
            print(f"  {token:<{width}}  {meaning}")
    print("\nclaims:")
    for claim, meaning in CLAIMS.items():
        print(f"  {claim:<{width}}  {meaning}")
    print("\ndatasets:")
    for name in DATASETS:
        where = f"--root or {variable(BENCHMARKS[name])}" if name in BENCHMARKS else "needs nothing"
        print(f"  {name:<{width}}  {where}")
    return 0
