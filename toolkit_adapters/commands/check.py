"""Tell whether a submission zip, from anywhere, would be accepted; if not, file and line.

    check hit.zip --root /data/TrackingNet      names, frames, first boxes: everything
    check hit.zip                               against the server's list of names
    check hit.zip --names my_sequences.txt      against a list of your own, one name per line

Nothing is unpacked to disk.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolkit_adapters.datasets.catalogue import add_root_option, split_roots

HELP = "validate a submission zip as the server would"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("zip", type=Path, help="the submission")
    parser.add_argument(
        "--benchmark", choices=("trackingnet", "got10k"), help="whose server (default: by its look)"
    )
    against = parser.add_mutually_exclusive_group()
    add_root_option(against, "where the dataset is: checks lines and boxes too")
    against.add_argument("--names", type=Path, help="text file, one sequence name per line")
    parser.add_argument(
        "--dataset", help="dataset under --root (default: trackingnet, or got10k-test)"
    )


def run(args: argparse.Namespace) -> int:
    """Print every problem; 0 if there is none, else 1."""
    from hit_trackers.errors import SubmissionError
    from toolkit_adapters.datasets import open_datasets
    from toolkit_adapters.servers import (
        TEST_SETS,
        check_zip,
        detect_kind,
        of_dataset,
        of_names,
        official,
    )
    from toolkit_adapters.servers.problems import summarise

    kind = args.benchmark or detect_kind(args.zip)
    if args.names:
        try:
            names = args.names.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise SubmissionError(f"{args.names}: cannot be read as text ({error})") from error
        expected = of_names(kind, names)
        against = f"the {len(names)} names of {args.names}"
    elif args.root or args.dataset:
        name = args.dataset or TEST_SETS[kind]
        dataset = open_datasets(name, split_roots(args.root, [name]).get(name))[0]
        expected = of_dataset(kind, dataset)
        against = f"the {len(dataset)} sequences of {name} at {dataset.root}"
    else:
        expected = official(kind)
        against = f"the server's {len(expected.frames)} names"

    problems = check_zip(args.zip, expected)
    if problems:
        print(summarise(problems))
        print(
            f"{args.zip}: {len(problems)} problems as a {kind} submission against {against}",
            file=sys.stderr,
        )
        return 1
    unknown = any(count is None for count in expected.frames.values())
    note = "; numbers of frames were not checked, --root DIR would" if unknown else ""
    print(f"{args.zip}: a valid {kind} submission against {against}{note}")
    return 0
