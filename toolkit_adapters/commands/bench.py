"""Cost of variants against their baseline: time, operators, memory, and whether it is the same.

Everything is measured in one process on the same input in alternating order, so ratios can be
compared where times alone cannot. Without an official checkpoint the weights are random ("seeded"):
the arithmetic is the same. Exits 1 when a variant breaks its claim, or a named one cannot run.

examples:
  hit-trackers bench
  hit-trackers bench --tracker hit_base_exact --tracker hit_base_openvino_bf16 --repeats 50
  hit-trackers bench --device cuda --tracker hit_base_exact_graph --json bench.json
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from hit_trackers.families import tracker_name
from toolkit_adapters.running import arguments

HELP = "time, operators and memory of variants, as ratios inside one process"

#: Whose variants are measured where none is named.
FAMILY = "hit"
#: Of 200 the second longest is the 99th percentile; on a CPU that would take minutes.
REPEATS = {"cpu": 20, "cuda": 200}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    arguments.add_trackers_option(parser)
    add(
        "--tracker",
        action="append",
        type=tracker_name,
        metavar="NAME",
        help="a tracker; repeat it for more (default: the usual variants of hit_base)",
    )
    add(
        "--checkpoint",
        metavar="FILE|seeded",
        help="weights; `seeded` for random ones (default: as configured, else seeded)",
    )
    arguments.add_device_options(parser)
    add(
        "--repeats",
        type=arguments.positive,
        metavar="N",
        help="default: {cpu}, on CUDA {cuda}".format(**REPEATS),
    )
    add("--deterministic", action="store_true", help="deterministic kernels, full float32")
    add("--json", type=Path, metavar="FILE", help="write everything measured there too")


def run(args: argparse.Namespace) -> int:
    """Measure and print; see the module's documentation."""
    import torch
    from tqdm import tqdm

    from hit_trackers import families
    from hit_trackers.checkpoint import SEEDED
    from toolkit_adapters.bench.measure import measure
    from toolkit_adapters.bench.table import as_json, table
    from toolkit_adapters.records.files import write_atomically
    from toolkit_adapters.records.provenance import commit, device_name, versions
    from toolkit_adapters.running.timing import load_average

    kind = "cuda" if args.device.startswith("cuda") else "cpu"
    repeats = REPEATS[kind] if args.repeats is None else args.repeats
    arguments.set_threads(args.threads)
    names = args.tracker or families.family_of(FAMILY).bench_variants(kind)
    checkpoint = args.checkpoint
    if checkpoint is None and not all(map(_has_weights, names)):
        checkpoint = SEEDED
    load = load_average()
    with tqdm(desc="bench", bar_format="{desc} [{elapsed}]", leave=False) as bar:
        rows, rate = measure(
            list(names),
            checkpoint,
            args.device,
            repeats,
            lambda step: bar.set_description(step),
            deterministic=args.deterministic,
        )
    facts = {
        "device": device_name(args.device),
        "threads": torch.get_num_threads(),
        "repeats": repeats,
        "deterministic": args.deterministic,
        "cores": os.cpu_count(),
        "load_average": load,
        "versions": versions(),
        "commit": commit(),
    }
    print(table(rows, rate, facts))
    if args.json:
        write_atomically(args.json, as_json(rows, rate, facts).encode())
    missing = args.tracker is not None and any(row.problem for row in rows)
    return 1 if missing or any(row.breaches for row in rows) else 0


def _has_weights(name: str) -> bool:
    from hit_trackers import families

    family = families.family_of(name)
    baseline = family.parse(name).baseline
    files = {weights.baseline: weights for weights in family.weights()}
    # A family that names no files, such as somebody's own tracker, has them where it wants.
    return not files or bool(
        baseline in files and (files[baseline].found or files[baseline].embedded)
    )
