"""Try every optimisation on a tracker, and say what each one changes.

Runs the tracker, itself once more as a control, and all variants that fit it, on the same decoded
frames; holds every claim against the boxes, scores and network outputs; and prints one table, best
first. The tracker's code is not changed. It may be one of ours, or your own in a file:

  hit-trackers optimise mine=mine.py:make

Its networks (torch.nn.Module) are found in its attributes. A variant that does not fit says why.
Records are kept, so that an interrupted command goes on where it was; `verify` and `report` read
them too. Exits 1 where the tracker itself failed, or a control did.

examples:
  hit-trackers optimise hit_nano --max-frames 60
  hit-trackers optimise mine=mine.py:make --only exact --only compile --device cuda
  hit-trackers optimise mine --trackers ~/lab/trackers.toml --dataset got10k-val --sequence \\
      GOT-10k_Val_000001
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from hit_trackers.errors import UnknownTrackerError
from hit_trackers.families import tracker_name
from toolkit_adapters.datasets.catalogue import DATASETS, add_root_option
from toolkit_adapters.running import arguments

HELP = "every optimisation tried on one tracker: one table, best first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    arguments.add_trackers_option(parser)
    add(
        "tracker",
        type=tracker_name,
        metavar="NAME[=FILE.py:MAKE]",
        help="the tracker as it is: one of `list`, or your own",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="PARTS",
        help="only this variant, such as exact or exact_graph; repeat it for more",
    )
    add(
        "--dataset",
        action="append",
        choices=DATASETS,
        help="repeat it for more (default: demo, which needs nothing)",
    )
    add_root_option(parser, "where the dataset is, if not where it is configured")
    add("--truth", type=Path, metavar="DIR", help="full TrackingNet annotations, where known")
    add("--checkpoint", action="append", default=[], metavar="[NAME=]FILE", help="as of `run`")
    arguments.add_device_options(parser)
    add("--deterministic", action="store_true", help="deterministic kernels, full float32")
    add("--sequence", action="append", default=[], metavar="NAME", help="only these sequences")
    arguments.add_max_frames_option(parser)
    add("--no-memory", action="store_true", help="do not measure peak memory at the end")
    add(
        "--results",
        type=arguments.folder,
        metavar="DIR",
        help="where records are kept (default: results/optimise-NAME, where those of other code or "
        "settings are made anew)",
    )


def run(args: argparse.Namespace) -> int:
    """Run, compare and print; 0 where the tracker ran and both controls hold."""
    from tabulate import tabulate

    import toolkit_adapters as harness
    from hit_trackers import families
    from toolkit_adapters.datasets.catalogue import split_roots
    from toolkit_adapters.records.provenance import Options
    from toolkit_adapters.reporting import ranking
    from toolkit_adapters.running.session import Request, run_session
    from toolkit_adapters.running.worker import checkpoint_of, split_checkpoints

    checkpoints = split_checkpoints(args.checkpoint)
    parsed = families.parse(args.tracker)
    resolved = families.family_of(args.tracker).resolve(
        args.tracker, checkpoint_of(checkpoints, parsed)
    )
    name = resolved.name
    if name != resolved.baseline:
        raise UnknownTrackerError(
            f"{name} is a variant of {resolved.baseline}; name the tracker as it is, and the "
            f"variant by --only {name.removeprefix(resolved.baseline + '_')}"
        )
    variants = candidates(name, args.only, args.device)
    datasets = tuple(args.dataset or ["demo"])
    roots = split_roots(args.root, datasets)
    options = Options(
        device=args.device,
        threads=args.threads,
        deterministic=args.deterministic,
        max_frames=args.max_frames,
    )
    summary = run_session(
        Request(
            trackers=(name, *variants),
            optional=frozenset(variants),
            datasets=datasets,
            results=args.results or Path("results", f"optimise-{name}"),
            options=options,
            roots=roots,
            truth=args.truth,
            checkpoints=checkpoints,
            sequences=tuple(args.sequence),
            memory=not args.no_memory,
            fresh=args.results is None,
            command=shlex.join(["hit-trackers", *sys.argv[1:]]),
        )
    )
    if summary.signal:
        print("stopped; run the same command again to resume", file=sys.stderr)
        return 128 + summary.signal
    for failure in summary.failures:
        print(f"hit-trackers optimise: failed: {failure}", file=sys.stderr)
    collection = harness.report(summary.results, roots=roots, truth=args.truth)
    table = ranking.rows(collection, name, summary.seconds)
    print(tabulate(table, headers=ranking.HEADINGS, tablefmt="github", disable_numparse=True))
    print()
    for sentence in ranking.sentences(collection, name):
        print(sentence)
    print()
    verification = collection.verification
    for control in verification.controls:
        print(f"{'ok  ' if control.passed else 'FAIL'} control: {control.message}")
    for certificate in verification.certificates:
        for reason in certificate.reasons:
            print(f"broken: {reason}")
    for tracker, reason in summary.left_out.items():
        print(f"does not fit: {reason if tracker in reason else f'{tracker}: {reason}'}")
    print(
        f"\nrecords: {summary.results.folder}; next: hit-trackers report {summary.results.folder}"
    )
    failed = any(failure.tracker in ("", name) for failure in summary.failures)
    return 1 if failed or any(not control.passed for control in verification.controls) else 0


def candidates(name: str, only: list[str], device: str) -> list[str]:
    """The variants of a baseline that may fit; or those named, in whole or by their parts.

    Raises:
        UnknownTrackerError: a named one is no variant of it.
    """
    from hit_trackers import families

    family = families.family_of(name)
    if only:
        words = [word if word.startswith(f"{name}_") else f"{name}_{word}" for word in only]
        return list(dict.fromkeys(family.parse(word).name for word in words))
    if families.is_declared(name):
        kind = "cuda" if device.startswith("cuda") else "cpu"
        return [family.parse(word).name for word in family.bench_variants(kind)]
    return [v.name for v in family.variants() if v.baseline == name and v.name != name]
