"""The benchmarks by name: where each is looked for, and opening it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers.errors import DatasetError, HitTrackersError
from toolkit_adapters.datasets.benchmarks import BENCHMARKS as LISTED
from toolkit_adapters.datasets.benchmarks import lasot_extension
from toolkit_adapters.datasets.settings import config_file, expanded, setting

if TYPE_CHECKING:
    from toolkit_adapters.datasets.base import Dataset
    from toolkit_adapters.datasets.folder import Folder

#: The demo in each of the official layouts.
DEMO_PARTS = ("demo-lasot", "demo-trackingnet", "demo-got10k")
#: Whatever is found below a root; the boxes of files are `x, y, w, h`, or two corners.
FOLDERS = ("folder", "folder-xyxy")
#: The root of each benchmark, by the name of the dataset.
BENCHMARKS = {
    "lasot": "lasot",
    "trackingnet": "trackingnet",
    "got10k-val": "got10k",
    "got10k-test": "got10k",
    "lasot-ext": "lasot_ext",
    **{name: benchmark.root for name, benchmark in LISTED.items()},
    "got10k-train": "got10k",
}
DATASETS = ("demo", *BENCHMARKS, *FOLDERS)
#: What `reproduce` runs where it is configured: the benchmarks of the papers that it reproduces.
REPRODUCED = ("lasot", "trackingnet", "got10k-val", "got10k-test")
LAYOUTS = {
    **{benchmark.root: benchmark.layout for benchmark in reversed(list(LISTED.values()))},
    "lasot_ext": "<root>/atv/atv-1/{groundtruth.txt,img/00000001.jpg}",
    "lasot": "<root>/airplane/airplane-1/{groundtruth.txt,img/00000001.jpg}",
    "trackingnet": "<root>/TEST/{anno/<sequence>.txt,frames/<sequence>/0.jpg}",
    "got10k": "<root>/{val,test,train}/{list.txt,"
    "<sequence>/groundtruth.txt,<sequence>/00000001.jpg}",
}


def variable(benchmark: str) -> str:
    """The environment variable that holds a benchmark's root: `LASOT_ROOT`."""
    return f"{benchmark.upper()}_ROOT"


def add_root_option(options: argparse._ActionsContainer, text: str) -> None:
    """Declare `--root`, the same for all commands; `split_roots` reads what it gathers."""
    options.add_argument("--root", action="append", default=[], metavar="[DATASET=]DIR", help=text)


def split_roots(values: Iterable[str], datasets: Iterable[str]) -> dict[str, Path]:
    """Read `--root` values into dataset -> root.

    `lasot=DIR` names its dataset, `got10k=DIR` both sets of GOT-10k, `demo=DIR` a rendered demo and
    its parts. `DIR` alone is the root of the one benchmark among `datasets`, or of the demo where
    no benchmark is asked for.

    Raises:
        HitTrackersError: no DIR, or DIR alone where several benchmarks are asked for.
    """
    asked = list(datasets)
    roots: dict[str, Path] = {}
    for value in values:
        name, equals, folder = value.partition("=")
        names = _called(name) if equals else ()
        if not names:  # an equals sign may be part of the path
            names, folder = tuple(n for n in asked if n in BENCHMARKS) or tuple(asked), value
            if len({BENCHMARKS.get(n, "demo") for n in names}) != 1:
                raise HitTrackersError(
                    f"--root {value}: whose root is it? The datasets are {', '.join(asked)}; write "
                    "--root lasot=DIR (or trackingnet=DIR, got10k=DIR), one a benchmark"
                )
        if not folder:
            raise HitTrackersError(f"--root {value!r}: expected DIR or DATASET=DIR")
        roots.update({n: expanded(folder) for n in names})
    return roots


def _called(name: str) -> tuple[str, ...]:
    """The datasets that a name in `--root` means; none where it means none."""
    if name == "demo":
        return ("demo", *DEMO_PARTS)
    if name in FOLDERS:
        return (name,)
    if name in DEMO_PARTS:
        return (name,)
    return tuple(dataset for dataset, kind in BENCHMARKS.items() if name in (dataset, kind))


def split_pairs(values: Iterable[str], option: str) -> dict[str, str]:
    """Read values `DATASET=VALUE` of an option.

    Raises:
        HitTrackersError: one of another form.
    """
    pairs = {}
    for value in values:
        name, _, rest = value.partition("=")
        if not (name and rest):
            raise HitTrackersError(f"{option} {value}: expected DATASET=VALUE, such as lasot=...")
        pairs[name] = rest
    return pairs


def find_root(dataset: str, root: str | Path | None = None) -> Path:
    """Root folder of a benchmark.

    Looked for in this order: the argument, the environment, the configuration file.

    Raises:
        DatasetError: nothing is configured, or what is configured is no folder.
    """
    benchmark = BENCHMARKS[dataset]
    sources = (
        ("--root", root),
        (variable(benchmark), os.environ.get(variable(benchmark))),
        (f"{config_file()}: [roots] {benchmark}", setting("roots", benchmark)),
    )
    for source, value in sources:
        if not value:
            continue
        folder = expanded(str(value))
        if not folder.is_dir():
            raise DatasetError(
                f"{dataset}: {folder} (from {source}) is no folder; "
                f"expected {LAYOUTS[benchmark].replace('<root>', str(folder))}"
            )
        return folder
    raise DatasetError(
        f"{dataset}: no root is configured; pass --root DIR, set {variable(benchmark)}, or write "
        f"`{benchmark} = DIR` under [roots] in {config_file()}; expected layout: "
        f"{LAYOUTS[benchmark]}. `--dataset demo` needs nothing"
    )


def open_folder(
    name: str, root: str | Path | None, first_boxes: Mapping[str, Any] | None = None
) -> Folder:
    """Open any folder or video as a dataset.

    Args:
        name: "folder" or "folder-xyxy".
        root: where it is.
        first_boxes: what trackers start from, by sequence, where no file says it.

    Raises:
        DatasetError: no root, or nothing there.
    """
    from toolkit_adapters.datasets.folder import Folder

    if root is None:
        raise DatasetError(
            f"{name}: which? --root DIR says where it is: a video, a folder of images, or a "
            "folder of either, with a box for the first frame of each in groundtruth.txt"
        )
    return Folder(expanded(str(root)), name, first_boxes=first_boxes or {})


def open_datasets(
    name: str, root: str | Path | None = None, truth: str | Path | None = None
) -> list[Dataset]:
    """Open a dataset by the name it has on the command line.

    `demo` gives three (`demo-lasot`, `demo-trackingnet`, `demo-got10k`, which are names too),
    rendered on first use; the others give one. `truth` is a folder of full TrackingNet
    annotations, looked for at `<root>/truth` and `<root>_truth` otherwise.

    Raises:
        DatasetError: unknown name, no root configured, or nothing under it.
    """
    from toolkit_adapters.datasets import demo
    from toolkit_adapters.datasets.got10k import Got10k
    from toolkit_adapters.datasets.lasot import Lasot
    from toolkit_adapters.datasets.listed import Listed
    from toolkit_adapters.datasets.trackingnet import TrackingNet

    if name == "demo":
        return demo.open_demo(root)
    if name in DEMO_PARTS:
        return [dataset for dataset in demo.open_demo(root) if dataset.name == name]
    if name in FOLDERS:
        return [open_folder(name, root)]
    if name == "lasot":
        return [Lasot(find_root(name, root))]
    if name == "trackingnet":
        return [TrackingNet(find_root(name, root), truth=Path(truth) if truth else None)]
    if name == "lasot-ext":
        return [Lasot(find_root(name, root), name, official=lasot_extension())]
    if name in LISTED:
        return [Listed(find_root(name, root), name)]
    if BENCHMARKS.get(name) == "got10k":
        return [Got10k(find_root(name, root), split=name.removeprefix("got10k-"))]
    raise DatasetError(f"unknown dataset {name!r}; known: {', '.join((*DATASETS, *DEMO_PARTS))}")
