"""Track one thing in a video, images or a camera; look at it, and keep what was found.

SOURCE is a video file, a folder of images, a pattern ('frames/*.jpg'), a sequence of a dataset
(demo/ball-1, lasot/airplane-1), or a camera (0, /dev/video0, rtsp://...). Give --tracker more than
once to see several in their colours; a baseline and a variant of it get a strip below: how far they
are apart, where they parted, and where they are furthest.

The video is H.264 in MP4, which every browser plays; it appears under its name when it is complete.
Ctrl-C ends early, and all that was tracked until then is kept. Keys of the window: h lists them.

examples:
  hit-trackers track clip.mp4 --box 210,94,44,45 --out out.mp4
  hit-trackers track 0 --select --show
  hit-trackers track demo/ball-1 --tracker hit_nano --tracker hit_nano_bf16 --out parting.mp4
  hit-trackers track clip.mp4 --box 210,94,44,45 --tracker hit_nano --tracker hit_nano_exact \\
      --results results/clip && hit-trackers verify results/clip
"""

from __future__ import annotations

import argparse
import shlex
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers.families import tracker_name
from toolkit_adapters.datasets.catalogue import add_root_option
from toolkit_adapters.running import arguments

if TYPE_CHECKING:
    from toolkit_adapters.tracking.request import Request
    from toolkit_adapters.tracking.session import Summary

HELP = "track one thing in a video, images or a camera, and look at it"

#: The tracker whose weights come with the package.
TRACKER = "hit_nano"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("source", metavar="SOURCE", help="video, images, DATASET/SEQUENCE, or camera")
    add(
        "--tracker",
        action="append",
        type=tracker_name,
        metavar="NAME[=FILE.py:MAKE]",
        help=f"a tracker; repeat it for more (default: {TRACKER}; `list` shows them all)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--box", type=_box, metavar="X,Y,W,H", help="the target on the first picture, in pixels"
    )
    where.add_argument("--select", action="store_true", help="draw the target with the mouse")
    where.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE",
        help="a file whose first line is the target; more lines are drawn as the truth",
    )
    add(
        "--box-format",
        choices=("xywh", "xyxy"),
        default="xywh",
        help="of files of boxes (default: %(default)s)",
    )
    add("--out", type=Path, metavar="FILE.mp4", help="write a video with what was found")
    add("--save", type=Path, metavar="FILE.txt", help="write the boxes, as `evaluate` reads them")
    add("--precise", action="store_true", help="do not round the boxes of --save")
    add("--show", action="store_true", help="open a window")
    add("--side-by-side", action="store_true", help="each tracker on a picture of its own")
    add(
        "--results",
        type=arguments.folder,
        metavar="DIR",
        help="keep records there, for `verify` and `report`: tracks first, draws after",
    )
    add("--fps", type=_rate, metavar="N", help="pictures a second of images (default: 30)")
    add("--max-frames", type=arguments.positive, metavar="N", help="only the first N pictures")
    add_root_option(parser, "where a dataset is, as for `run`")
    add(
        "--checkpoint",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="weights, as for `run`",
    )
    arguments.add_device_options(parser)


def _box(text: str) -> tuple[float, float, float, float]:
    from toolkit_adapters.tracking.boxes import box_option

    return box_option(text)


def _rate(text: str) -> Fraction:
    value = Fraction(text)
    if not Fraction(1, 100) <= value <= 1000:
        raise argparse.ArgumentTypeError(f"expected pictures a second, got {text}")
    return value


def run(args: argparse.Namespace) -> int:
    """Track; 0, or 128 and the signal that ended a file early."""
    from toolkit_adapters.datasets.catalogue import split_roots
    from toolkit_adapters.records.provenance import Options
    from toolkit_adapters.running.worker import split_checkpoints
    from toolkit_adapters.tracking.recorded import track_recorded
    from toolkit_adapters.tracking.request import Request
    from toolkit_adapters.tracking.session import track_source

    dataset = args.source.partition("/")[0]
    request = Request(
        source=args.source,
        trackers=tuple(args.tracker or (TRACKER,)),
        box=args.box,
        boxes=args.boxes,
        select=args.select,
        out=args.out,
        save=args.save,
        precise=args.precise,
        show=args.show,
        side_by_side=args.side_by_side,
        fps=args.fps,
        box_format=args.box_format,
        max_frames=args.max_frames,
        options=Options(device=args.device, threads=args.threads, max_frames=args.max_frames),
        checkpoints=split_checkpoints(args.checkpoint),
        roots=split_roots(args.root, [dataset]),
    )
    if args.results is None:
        summary = track_source(request)
    else:
        command = shlex.join(["hit-trackers", *sys.argv[1:]])
        summary = track_recorded(request, args.results, command)
    return conclude(request, summary)


def conclude(request: Request, summary: Summary) -> int:
    """Say how it went; returns the exit status."""
    from toolkit_adapters.video.camera import is_live

    times = ", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in summary.seconds.items())
    print(f"{summary.steps} pictures; median update: {times}")
    for parting in summary.state.partings if summary.state else ():
        if parting.parted is None or parting.worst is None:
            print(f"{parting.variant}: every box is that of {parting.baseline}, bit for bit")
        else:
            print(
                f"{parting.variant}: parts from {parting.baseline} at frame "
                f"{parting.parted.index}, at most {parting.largest:.3g} px apart, at frame "
                f"{parting.worst.index}"
            )
    if summary.missed:
        print(f"{summary.missed} pictures of the camera came too quickly and were left out")
    if summary.left_out:
        print(f"{summary.left_out} pictures are not in the video: writing could not keep up")
    for path in summary.files:
        print(f"wrote {path}")
    live = is_live(request.source)
    return 128 + summary.signal if summary.signal and not live else 0
