"""List trackers, what each claims, and datasets.

Names combine: hit_base_exact_graph is HiT-Base with exact attention, captured as a CUDA graph. A
name without a size is what its family has weights for (`doctor` shows it).
"""

from __future__ import annotations

import argparse

from toolkit_adapters.datasets.catalogue import BENCHMARKS, DATASETS, FOLDERS, variable
from toolkit_adapters.running import arguments

HELP = "list trackers, their claims, and datasets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    arguments.add_trackers_option(parser)
    parser.add_argument("--family", metavar="NAME", help="only the trackers of this family")
    parser.add_argument("--size", metavar="NAME", help="only the trackers of this size")


def run(args: argparse.Namespace) -> int:
    """Print; imports neither PyTorch nor NumPy."""
    from hit_trackers.families import family_of, registry
    from hit_trackers.variants import Claim

    known = registry()
    families = [family_of(args.family)] if args.family else list(known.families.values())
    listed = {
        family.name: [v for v in family.variants() if args.size in (None, v.part("size"))]
        for family in families
    }
    width = max((len(v.name) for variants in listed.values() for v in variants), default=0)
    for family in families:
        print(f"trackers of the family {family.name}:")
        for variant in listed[family.name]:
            print(f"  {variant.name:<{width}}  {variant.claim}")
        if tokens := family.tokens():
            print("\nparts of a name:")
            for token, meaning in tokens.items():
                print(f"  {token:<{width}}  {meaning}")
        print()
    for name, reason in known.broken.items():
        print(f"the family {name} cannot be imported: {reason}\n")
    print("claims:")
    for claim in Claim:
        print(f"  {claim.value:<{width}}  {claim.meaning}")
    print("\ndatasets:")
    for name in DATASETS:
        where = (
            f"--root or {variable(BENCHMARKS[name])}"
            if name in BENCHMARKS
            else "--root"
            if name in FOLDERS
            else "needs nothing"
        )
        print(f"  {name:<{width}}  {where}")
    return 0
