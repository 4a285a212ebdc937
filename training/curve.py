"""Draw a training: `python -m training.curve train/curve.csv curve.png`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def draw(source: Path, target: Path) -> None:
    """Losses and IoU over the steps of `source`, as an image file.

    Raises:
        FileNotFoundError: there is no curve, or it has no rows yet.
    """
    from toolkit_adapters.reporting.drawing import COLOURS, STYLES, canvas
    from training.loop import read_curve

    rows = read_curve(source)
    if not rows:
        raise FileNotFoundError(f"{source}: no curve there; a training writes one at --out")
    steps = [int(row["step"]) for row in rows]
    with canvas(1, 2) as (figure, axes):
        for axis, quantity, label in zip(
            axes.flat, ("loss", "iou"), ("loss", "IoU with the truth"), strict=True
        ):
            for number, (part, meaning) in enumerate(
                (("train", "training pairs"), ("valid", "held-out scenes, averaged weights"))
            ):
                values = [float(row[f"{part}_{quantity}"]) for row in rows]
                axis.plot(steps, values, color=COLOURS[number], ls=STYLES[number], label=meaning)
            axis.set(xlabel="step", ylabel=label)
            axis.legend()
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target, dpi=110)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.curve", description=__doc__)
    parser.add_argument("curve", type=Path, help="curve.csv of a training")
    parser.add_argument("image", type=Path, help="file to write: .png, .svg or .pdf")
    args = parser.parse_args(argv)
    try:
        draw(args.curve, args.image)
    except FileNotFoundError as error:
        print(f"curve: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
