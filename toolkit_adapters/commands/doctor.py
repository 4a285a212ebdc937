"""Say what is here and what is wrong with it.

Without an argument: versions, devices, checkpoints, and for each dataset what was found, what is
missing and what is inconsistent. With a results folder: damaged, missing, foreign and leftover
files. Exits 1 where there is a problem.

examples:
  hit-trackers doctor
  hit-trackers doctor results/demo
  hit-trackers doctor --root folder=my-videos
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit_adapters.datasets.catalogue import BENCHMARKS, FOLDERS, add_root_option, variable
from toolkit_adapters.datasets.settings import config_file

if TYPE_CHECKING:
    from toolkit_adapters.records.inspection import Finding

HELP = "check this machine, the datasets, or a folder of results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("results", nargs="?", type=Path, metavar="RESULTS", help="folder to check")
    add_root_option(parser, "where a dataset is")


def run(args: argparse.Namespace) -> int:
    """Check; 1 where there is a problem."""
    if args.results is not None:
        from hit_trackers.errors import RecordError
        from toolkit_adapters.records.inspection import inspect_results

        if not args.results.is_dir():
            raise RecordError(f"{args.results}: no folder; expected what `run --results` wrote")
        return _print(inspect_results(args.results))
    _print_machine()
    return _print(_datasets(args.root))


def _print(findings: Iterator[Finding]) -> int:
    problems = 0
    for finding in findings:
        problems += finding.problem
        print(f"{'PROBLEM' if finding.problem else 'ok     '} {finding.message}", flush=True)
    print(f"{problems} problems" if problems else "no problems")
    return 1 if problems else 0


def _print_machine() -> None:
    import torch

    from hit_trackers import checkpoint
    from hit_trackers.families import registry
    from toolkit_adapters.records.provenance import commit, device_name, versions

    print("versions:")
    for name, version in versions().items():
        print(f"  {name} {version}")
    print(f"  commit {commit() or 'unknown (installed package)'}")
    print(f"devices:\n  {device_name('cpu')}, {torch.get_num_threads()} threads")
    for index in range(torch.cuda.device_count()):
        print(f"  {device_name(f'cuda:{index}')}, --device cuda:{index}")
    print("checkpoints:")
    known = registry()
    for family in known.families.values():
        for weights in family.weights():
            missing = "embedded" if weights.embedded else f"none; expected {weights.expected}"
            print(f"  {weights.baseline}: {weights.found or missing}")
    print(f"  looked for in {', '.join(map(str, checkpoint.folders()))} (HIT_CHECKPOINTS)")
    for name, reason in known.broken.items():
        print(f"families:\n  {name} cannot be imported: {reason}")
    exists = "" if config_file().is_file() else " (does not exist)"
    print(f"configuration:\n  {config_file()}{exists}")
    print("datasets:", flush=True)


def _datasets(roots: list[str]) -> Iterator[Finding]:
    from hit_trackers.errors import DatasetError
    from toolkit_adapters.datasets import open_datasets
    from toolkit_adapters.datasets.catalogue import open_folder, split_roots
    from toolkit_adapters.datasets.settings import setting
    from toolkit_adapters.records.inspection import Finding, inspect_dataset, inspect_folder

    given = split_roots(roots, BENCHMARKS)
    for name in FOLDERS:
        if name in given:
            yield from inspect_folder(open_folder(name, given[name]))
    for name, benchmark in BENCHMARKS.items():
        try:
            datasets = open_datasets(name, given.get(name))
        except DatasetError as error:
            configured = given.get(name) or _environment(benchmark) or setting("roots", benchmark)
            if configured:
                yield Finding(True, str(error))
            else:
                yield Finding(False, f"{name}: not configured ({variable(benchmark)} or --root)")
            continue
        for dataset in datasets:
            split = dataset.root / name.removeprefix("got10k-")
            if benchmark == "got10k" and not split.is_dir():
                # Its two sets share a root, and most people have one of them.
                yield Finding(False, f"{name}: {split} does not exist")
            else:
                yield from inspect_dataset(dataset)


def _environment(benchmark: str) -> str | None:
    import os

    return os.environ.get(variable(benchmark))
