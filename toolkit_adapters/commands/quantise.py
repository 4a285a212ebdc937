"""Make the 8-bit network that a tracker with `int8` in its name runs, calibrated on the demo.

Linear layers and convolutions are computed in 8 bits, attention and what the family names in
float32. The file is kept in the cache, beside the exported network.

example:
  hit-trackers quantise hit_base_openvino_int8 --checkpoint VT_ep1500.pth.tar
"""

from __future__ import annotations

import argparse

HELP = "make the 8-bit network of a tracker"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("tracker", help="such as hit_base_onnx_int8 or hit_base_openvino_int8")
    add("--checkpoint", metavar="FILE|seeded", help="as of `run`")
    add("--samples", type=int, default=64, metavar="N", help="search regions (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Quantise and print the file; 0."""
    from toolkit_adapters.bench.quantise import quantise

    print(quantise(args.tracker, args.checkpoint, args.samples))
    return 0
