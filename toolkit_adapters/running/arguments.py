"""Arguments that several commands have: folders, CPU threads, devices. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from hit_trackers.errors import HitTrackersError
from hit_trackers.families import declare_file, require_device_name

#: More threads than this many for each core are a mistake: PyTorch crashes with very many.
THREADS_PER_CORE = 8


def folder(text: str) -> Path:
    """A folder to write to. An empty text is no folder: it would mean the working directory."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a folder, got an empty text; . is this one")
    return Path(text)


def positive(text: str) -> int:
    """A number of something, at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return value


def add_trackers_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--trackers FILE`, which makes own trackers known for the names that follow it."""
    parser.add_argument(
        "--trackers",
        action=_Trackers,
        type=Path,
        metavar="FILE",
        help="a trackers.toml with your own trackers (default: the one in the working directory, "
        "and the one of the configuration file)",
    )


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Declare `--device` and `--threads`: where a network runs."""
    parser.add_argument(
        "--device",
        default="cpu",
        type=device,
        metavar="cpu|cuda|cuda:N",
        help="default: %(default)s",
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="CPU threads of the network")


def add_max_frames_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--max-frames`."""
    parser.add_argument(
        "--max-frames",
        type=positive,
        metavar="N",
        help="only the first N frames of a sequence",
    )


class _Trackers(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        declare_file(values)
        setattr(namespace, self.dest, values)


def device(text: str) -> str:
    """`cpu`, `cuda` or `cuda:N`; whether it is there is found out later."""
    try:
        return require_device_name(text)
    except HitTrackersError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def set_threads(count: int | None) -> None:
    """Give PyTorch and OpenCV of this process so many CPU threads; None leaves them theirs.

    Raises:
        HitTrackersError: less than 1, or far more than this machine has cores.
    """
    if count is None:
        return
    cores = os.cpu_count() or 1
    if not 1 <= count <= THREADS_PER_CORE * cores:
        raise HitTrackersError(
            f"{count} threads: expected 1 to {THREADS_PER_CORE * cores}, for this machine has "
            f"{cores} cores"
        )
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)
