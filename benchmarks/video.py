"""What `track` adds to decoding and tracking, and whether a camera's memory and delay stay flat.

A 720p video (the demo, enlarged) goes through a plain loop of decoder and tracker, through `track`
without drawing, and through `track` with boxes, figures and H.264, in turns within one process.
Ratios of the best rounds are printed: other work on the machine disturbs the best of several least.
With --camera a pipe stands for a camera that gives so many pictures a second, to a tracker that is
slower.

    python -m benchmarks.video [--tracker hit_nano] [--frames 150] [--rounds 5]
    python -m benchmarks.video --camera 60 [--fps 30] [--pause 0.1]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from hit_trackers import load_tracker
from hit_trackers.protocol import Prediction
from hit_trackers.variants import Claim, Variant
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode
from toolkit_adapters.running.arguments import set_threads
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.tracking import session
from toolkit_adapters.tracking.follow import Follower
from toolkit_adapters.tracking.request import Request
from toolkit_adapters.video.camera import Camera
from toolkit_adapters.video.reader import VideoReader
from toolkit_adapters.video.writer import VideoWriter


def make_clip(path: Path, frames: int) -> np.ndarray:
    """Write a sequence of the demo, enlarged to 720p, forwards and backwards; its first box."""
    sequence = next(iter(open_datasets("demo-lasot")[0]))
    images = [decode(frame).image for frame in sequence.frames]
    height, width = images[0].shape[:2]
    order = [*range(len(images)), *range(len(images) - 2, 0, -1)]
    with VideoWriter(path, Fraction(30)) as writer:
        for number in range(frames):
            image = images[order[number % len(order)]]
            large = cv2.resize(image, (1280, 720), interpolation=cv2.INTER_CUBIC)
            writer.write(np.asarray(large, np.uint8))
    return sequence.first_box * np.array([1280 / width, 720 / height] * 2)


def compare(args: argparse.Namespace, scratch: Path) -> None:
    clip = scratch / "clip.mp4"
    box = make_clip(clip, args.frames)
    tracker = load_tracker(args.tracker)
    entrant = Entrant(tracker, tracker.variant)
    # `track` loads its trackers itself: here all loops share one, which is loaded already.
    session.load = lambda request: [entrant]

    def plain() -> None:
        for number, picture in enumerate(VideoReader(clip)):
            tracker.update(picture.image) if number else tracker.init(picture.image, box)

    def track(out: Path | None) -> None:
        request = Request(str(clip), (args.tracker,), box=box.tolist(), out=out)
        session.track_source(request, progress=False)

    loops: dict[str, Callable[[], None]] = {
        "plain loop": plain,
        "track, nothing drawn": lambda: track(None),
        "track, drawn and written": lambda: track(scratch / "out.mp4"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(args.rounds):
        for name in list(loops)[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            loops[name]()
            seconds[name].append(time.perf_counter() - start)
    best = {name: min(values) for name, values in seconds.items()}
    for name, value in best.items():
        print(
            f"{name}: {args.frames / value:.1f} frames/s, {best['plain loop'] / value:.3f} of the "
            f"plain loop (best of {args.rounds} rounds)"
        )


class Sleeper:
    """A tracker that takes its time."""

    variant = Variant("sleeper", "sleeper", "sleeper", Claim.BASELINE)
    name = "sleeper"

    def __init__(self, pause: float) -> None:
        self.pause = pause

    def init(self, image: np.ndarray, box: np.ndarray) -> None:
        self.box = np.array(box)

    def update(self, image: np.ndarray) -> Prediction:
        time.sleep(self.pause)
        return Prediction(self.box, 0.5)


def feed(pipe: Path, content: bytes, seconds: float) -> None:
    """Write a stream into a pipe as slowly as it was filmed."""
    pieces = 20 * max(1, round(seconds))
    size = -(-len(content) // pieces)
    start = time.perf_counter()
    with open(pipe, "wb") as file:
        for number in range(pieces):
            file.write(content[number * size : (number + 1) * size])
            file.flush()
            time.sleep(max(0.0, start + (number + 1) * seconds / pieces - time.perf_counter()))


def resident() -> float:
    """Memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def watch(args: argparse.Namespace, scratch: Path) -> None:
    import av

    stream_file = scratch / "stream.ts"
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 256, (480, 640, 3), np.uint8)
    ground = cv2.GaussianBlur(ground, (0, 0), 3)
    with av.open(str(stream_file), "w", format="mpegts") as output:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "15"}
        stream = output.add_stream("libx264", rate=args.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(args.camera * args.fps):
            frame = av.VideoFrame.from_ndarray(np.roll(ground, number, axis=1), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    pipe = scratch / "camera"
    os.mkfifo(pipe)
    feeder = threading.Thread(
        target=feed, args=(pipe, stream_file.read_bytes(), float(args.camera)), daemon=True
    )
    feeder.start()
    tracker = Sleeper(args.pause)
    follower = Follower([Entrant(tracker, tracker.variant)])
    ages: list[float] = []
    memory: list[float] = []
    with Camera(str(pipe)) as camera:
        for number, picture in enumerate(camera):
            follower.step(picture.image) if number else follower.start(picture.image, [9, 9, 9, 9])
            ages.append(camera.age(picture))
            if number % max(1, args.camera // 6) == 0:
                memory.append(resident())
    third = max(1, len(ages) // 3)
    print(
        f"{camera.arrived} pictures in {args.camera} s, {len(ages)} tracked at "
        f"{args.pause * 1e3:.0f} ms each, {camera.dropped} left out "
        f"(sum {len(ages) + camera.dropped})"
    )
    print(
        "age of a picture when its box is known: median "
        f"{np.median(ages[:third]) * 1e3:.0f} ms in the first third, "
        f"{np.median(ages[-third:]) * 1e3:.0f} ms in the last, at most {max(ages) * 1e3:.0f} ms"
    )
    half = len(memory) // 2
    print(f"resident memory: {memory[half]:.0f} MB half-way, {memory[-1]:.0f} MB at the end")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracker", default="hit_nano")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--camera", type=int, metavar="SECONDS")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--pause", type=float, default=0.1)
    args = parser.parse_args()
    set_threads(args.threads)
    with tempfile.TemporaryDirectory() as scratch:
        (watch if args.camera else compare)(args, Path(scratch))


if __name__ == "__main__":
    main()
