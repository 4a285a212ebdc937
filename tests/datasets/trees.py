"""Small trees of benchmarks, built from their rules and from nothing else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

SIZE = (64, 48)
#: Of each benchmark some sequences that are short or special: where they begin and how long.
CHOSEN = {
    "otb": {"Deer": (1, 71), "David": (300, 770), "Tiger1": (1, 354), "Jogging-2": (1, 307)},
    "uav123": {"bird1_1": (1, 253), "bird1_2": (775, 1477), "uav4": (1, 157)},
    "uav20l": {"uav1": (1, 3469)},
    "nfs30": {"Skiing_red": (1, 69), "MachLoop_jet": (1, 99)},
    "nfs240": {"Skiing_red": (1, 80)},
    "tnl2k": {"Assian_video_Z03_done": (1, 12), "Fight_scene": (1, 9)},
    "vot": {"ants1": (1, 10), "bag": (1, 12)},
    "lasot-ext": {"atv-1": (1, 8), "wingsuit-10": (1, 9)},
    "got10k-train": {"GOT-10k_Train_000001": (1, 7)},
}


def boxes(count: int) -> np.ndarray:
    """x, y, w, h that wander inside the images."""
    steps = np.arange(count)
    moving = np.stack([10 + 8 * np.sin(steps / 9), 8 + 5 * np.cos(steps / 7)], axis=1)
    return np.hstack([moving.round(1), np.tile([20.0, 16.0], (count, 1))])


def picture(number: int) -> bytes:
    image = np.full((SIZE[1], SIZE[0], 3), number * 3 % 256, np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


_PICTURES = [picture(number) for number in range(32)]


def draw(folder: Path, numbers: range, form: str = "{:04d}.jpg") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / form.format(number)).write_bytes(_PICTURES[number % len(_PICTURES)])


def write(path: Path, rows: np.ndarray, separator: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(separator.join(f"{v:g}" for v in row) + "\n" for row in rows))


def make(benchmark: str, root: Path, official_nfs: bool = True) -> dict[str, np.ndarray]:
    """Write the chosen sequences; returns their boxes."""
    truths = {}
    for name, (first, last) in CHOSEN[benchmark].items():
        numbers = range(first, last + 1)
        rows = truths[name] = boxes(len(numbers))
        if benchmark == "otb":
            place, _, target = name.partition("-")
            draw(root / place / "img", numbers)
            file = f"groundtruth_rect.{target}.txt" if target else "groundtruth_rect.txt"
            write(root / place / file, rows, "\t" if name == "Deer" else ",")
            truths[name] = rows[5:] if name == "Tiger1" else rows
        elif benchmark in ("uav123", "uav20l"):
            place = name.partition("_")[0]
            draw(root / "data_seq/UAV123" / place, numbers, "{:06d}.jpg")
            folder = {"uav123": "UAV123", "uav20l": "UAV20L"}[benchmark]
            if name == "uav4":
                rows[20:25] = np.nan
            write(root / "anno" / folder / f"{name}.txt", rows)
            write(root / "anno" / folder / "att" / f"{name}.txt", np.eye(12)[:1])
        elif benchmark == "nfs30" and not official_nfs:
            draw(root / "sequences" / name, numbers, "{:05d}.jpg")
            write(root / "anno" / f"nfs_{name}.txt", rows, "\t")
        elif benchmark.startswith("nfs"):
            rate = benchmark.removeprefix("nfs")
            draw(root / name / rate / name, numbers, "{:05d}.jpg")
            fine = np.repeat(rows, 8, axis=0) if rate == "30" else rows
            corners = np.hstack([fine[:, :2], fine[:, :2] + fine[:, 2:]])
            lines = [
                f'0 {a:g} {b:g} {c:g} {d:g} {n} 0 {int(n % 16 == 0)} 0 "thing"\n'
                for n, (a, b, c, d) in enumerate(corners)
            ]
            (root / name / rate / f"{name}.txt").write_text("".join(lines))
        elif benchmark == "tnl2k":
            draw(root / name / "imgs", numbers, "{:08d}.jpg")
            write(root / name / "groundtruth.txt", rows)
            (root / name / "language.txt").write_text("the thing that moves")
        elif benchmark == "vot":
            draw(root / name / ("color" if name == "ants1" else ""), numbers, "{:08d}.jpg")
            x, y, w, h = rows.T
            corners = np.stack([x, y, x + w, y, x + w, y + h, x, y + h], axis=1)
            write(root / name / "groundtruth.txt", corners)
            (root / "list.txt").write_text("\n".join(CHOSEN["vot"]))
            # A tag of fewer lines than frames, as VOT's files have it, and one of no frame.
            (root / name / "camera_motion.tag").write_text("0\n1\n1\n")
            (root / name / "size_change.label").write_text("0\n" * len(rows))
        elif benchmark == "lasot-ext":
            folder = root / name.rpartition("-")[0] / name
            draw(folder / "img", numbers, "{:08d}.jpg")
            write(folder / "groundtruth.txt", rows)
            for label in ("full_occlusion", "out_of_view"):
                (folder / f"{label}.txt").write_text(",".join("0" * len(rows)))
        else:
            draw(root / "train" / name, numbers, "{:08d}.jpg")
            folder = root / "train" / name
            write(folder / "groundtruth.txt", rows)
            hidden = np.arange(len(rows)) == 3
            for label, values in {
                "absence": hidden,
                "cut_by_image": np.arange(len(rows)) > 4,
                "cover": np.where(hidden, 0, np.where(np.arange(len(rows)) < 2, 8, 6)),
            }.items():
                write(folder / f"{label}.label", values[:, None])
            (folder / "meta_info.ini").write_text(
                "[METAINFO]\nobject_class: cat\nmotion_class: walking\nmajor_class: feline\n"
                "root_class: animal\nresolution: (64, 48)\n"
            )
            (root / "train" / "list.txt").write_text("\n".join(CHOSEN[benchmark]))
    return truths
