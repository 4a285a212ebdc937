"""Train hit_nano from rendered pairs, and write its weights as safetensors.

First scenes are rendered, in other processes, to files that are kept and used again; then the
network is trained on pairs cut out of them. Interrupt it at any time: the same command goes on
from the last saved state. Nothing is downloaded. With photographs and cut-outs installed (see
hit_trackers/weights/hit_nano.md for the packages and their licences) the scenes are made of those
too; without any, of drawn things alone.

    python -m training --out train                        about two hours, 2 cores
    python -m training --out try --shards 2 --steps 300   the same, in small

Written to --out: curve.csv (losses and IoU on held-out scenes), state.pt (to go on from), and
hit_nano.safetensors (the moving average of the weights), which `--checkpoint` of any command takes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hit_trackers.errors import DatasetError, HitTrackersError


def build_parser() -> argparse.ArgumentParser:
    """The parser; importing this module imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="where the training is kept")
    add("--views", type=Path, metavar="DIR", help="where rendered scenes are kept (OUT/views)")
    add("--shards", type=int, default=40, help="files of 256 scenes, 300 MB each (%(default)s)")
    add("--start-from", metavar="FILE", help="weights to begin with, as --checkpoint takes them")
    add("--photos", type=Path, action="append", metavar="DIR", help="folder of images; repeat it")
    add("--no-photos", action="store_true", help="drawn things alone")
    add("--workers", type=int, default=2, help="processes that render (%(default)s)")
    add("--steps", type=int, default=4000, help="steps in all; more lengthen a run (%(default)s)")
    add("--batch", type=int, default=32, help="pairs a step, each process (%(default)s)")
    add("--processes", type=int, default=2, help="that train, on a CPU (%(default)s)")
    add("--learning-rate", type=float, default=1.5e-3, metavar="X", help="(%(default)s)")
    add("--validate-every", type=int, default=250, metavar="N", help="steps (%(default)s)")
    add(
        "--held-out", type=int, default=128, metavar="N", help="scenes to validate on (%(default)s)"
    )
    add("--seed", type=int, default=0, help="of scenes, weights and pairs (%(default)s)")
    add("--precision", choices=("bf16", "fp32"), default="bf16", help="(%(default)s)")
    add("--threads", type=int, default=1, help="of PyTorch, each process (%(default)s)")
    add("--device", default="cpu", help="cpu or cuda (%(default)s)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Render, train, write the weights; returns the exit status."""
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        _train(args)
    except HitTrackersError as error:
        parser.error(str(error))
    return 0


def _train(args: argparse.Namespace) -> None:
    import torch

    from training.export import export
    from training.loop import Plan, Training, train
    from training.photos import FOLDERS
    from training.processes import train_together
    from training.views import SHARD, open_views, render_views

    scenes = args.shards * SHARD
    if not 0 < args.held_out < scenes:
        raise DatasetError(
            f"--held-out {args.held_out}: {args.shards} shards are {scenes} scenes, of which some "
            "must be held out and some be left to train on"
        )
    plan = Plan(
        steps=args.steps,
        batch=args.batch,
        processes=args.processes if args.device == "cpu" else 1,
        learning_rate=args.learning_rate,
        seed=args.seed,
        precision=args.precision,
        validate_every=args.validate_every,
        held_out=args.held_out,
        start_from=args.start_from,
    )
    torch.set_num_threads(args.threads)
    # What is wrong with weights or state is said before the rendering, which takes an hour.
    Training(plan, args.out, args.device).resume()
    photos = [] if args.no_photos else (args.photos or list(FOLDERS))
    folder = render_views(
        args.views or args.out / "views", args.shards, args.seed, photos, args.workers
    )
    args.out.mkdir(parents=True, exist_ok=True)
    if plan.processes > 1:
        train_together(plan, args.out, folder, args.shards, args.threads)
    training = Training(plan, args.out, args.device)
    training.resume()
    train(training, open_views(folder, args.shards))  # nothing is left to do after several
    weights = args.out / f"hit_{plan.size}.safetensors"
    export(training.average, weights, {"steps": training.step, "seed": plan.seed})
    print(f"{weights} and {args.out / 'curve.csv'} written", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
