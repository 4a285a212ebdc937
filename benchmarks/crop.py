"""Cost of cutting and resizing the search region, for small and large targets at 1080p.

Prints, for boxes inside the image and half outside: milliseconds of the crop, its share of a whole
update of the smallest and the largest tracker, milliseconds of the crop after padding the whole
image, and whether both give the same pixels.

    python -m benchmarks.crop [--repeats 200] [--threads 1]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch

from hit_trackers import load_tracker
from hit_trackers.geometry import crop_region

HEIGHT, WIDTH, SIZE, FACTOR = 1080, 1920, 256, 4.0
TRACKERS = ("hit_nano", "hit_base")
SIDES = (10, 40, 64, 100, 270, 540, 1000)


def pad_then_crop(image: np.ndarray, box: list[float]) -> np.ndarray:
    x, y, w, h = box
    side = math.ceil(math.sqrt(w * h) * FACTOR)
    x1, y1 = round(x + 0.5 * w - side * 0.5), round(y + 0.5 * h - side * 0.5)
    margin = max(0, -x1, -y1, x1 + side - WIDTH + 1, y1 + side - HEIGHT + 1)
    # The official padding leaves the last row or column out where the square reaches it.
    image = image[: HEIGHT - (y1 + side >= HEIGHT), : WIDTH - (x1 + side >= WIDTH)]
    margin += 1
    padded = cv2.copyMakeBorder(image, *[margin] * 4, cv2.BORDER_CONSTANT)
    patch = padded[y1 + margin : y1 + margin + side, x1 + margin : x1 + margin + side]
    return cv2.resize(patch, (SIZE, SIZE))


def best(work: Callable[[], object], repeats: int) -> float:
    fastest = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest * 1e3


def after_the_crop(name: str, image: np.ndarray, repeats: int) -> float:
    """Milliseconds of an update but for the crop: they do not depend on the target's size."""
    tracker = load_tracker(name, "seeded")
    tracker.init(image, (900, 500, 64, 64))
    tracker.update(image)
    patch = np.ascontiguousarray(image[:SIZE, :SIZE])
    return best(lambda: tracker.engine.run(patch), repeats)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(args.threads)
    torch.set_num_threads(args.threads)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    few = max(5, args.repeats // 10)
    rest = [after_the_crop(name, image, few) for name in TRACKERS]
    shares = " | ".join(f"share with {name}" for name in TRACKERS)
    print(
        f"| target px | where | crop ms | {shares} | pad whole image, then crop ms | same pixels |"
    )
    print("|---|---|---|---|---|---|---|")
    for side in SIDES:
        for where, x, y in (("centre", WIDTH / 2, HEIGHT / 2), ("corner", 0.0, 0.0)):
            box = [x - side / 2, y - side / 2, float(side), float(side)]
            ours, _ = crop_region(image, box, FACTOR, SIZE)
            same = np.array_equal(ours, pad_then_crop(image, box))
            cut = best(lambda box=box: crop_region(image, box, FACTOR, SIZE), args.repeats)
            padded = best(lambda box=box: pad_then_crop(image, box), few)
            shares = " | ".join(f"{cut / (cut + others):.1%}" for others in rest)
            cells = f"{cut:.3f} | {shares} | {padded:.3f} | {'yes' if same else 'no'}"
            print(f"| {side} | {where} | {cells} |")


if __name__ == "__main__":
    main()
