"""The benchmarks by name: where each is looked for, and opening it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers.errors import DatasetError, HitTrackersError
from toolkit_adapters.datasets.settings import config_file, expanded, setting

if TYPE_CHECKING:
    from toolkit_adapters.datasets.base import Dataset

DATASETS = ("demo", "lasot", "trackingnet", "got10k-val", "got10k-test")
BENCHMARKS = {
    "lasot": "lasot",
    "trackingnet": "trackingnet",
    "got10k-val": "got10k",
    "got10k-test": "got10k",
}
LAYOUTS = {
    "lasot": "<root>/airplane/airplane-1/{groundtruth.txt,img/00000001.jpg}",
    "trackingnet": "<root>/TEST/{anno/<sequence>.txt,frames/<sequence>/0.jpg}",
    "got10k": "<root>/{val,test}/{list.txt,<sequence>/groundtruth.txt,<sequence>/00000001.jpg}",
}


def variable(benchmark: str) -> str:
    """The environment variable that holds a benchmark's root: `LASOT_ROOT`."""
    return f"{benchmark.upper()}_ROOT"


def split_roots(values: Iterable[str], datasets: Iterable[str]) -> dict[str, Path]:
    """Read `--root` values into dataset -> root.

    `DIR` alone is the root of the one benchmark asked for; `lasot=DIR` names its benchmark.

    Raises:
        HitTrackersError: an unknown benchmark, or a plain DIR where several are asked for.
    """
    wanted = [name for name in datasets if name in BENCHMARKS]
    roots: dict[str, Path] = {}
    for value in values:
        benchmark, equals, folder = value.partition("=")
        if equals and benchmark in {*BENCHMARKS, *LAYOUTS}:
            names = [name for name, kind in BENCHMARKS.items() if benchmark in (name, kind)]
        else:
            names, folder = wanted, value
            if len({BENCHMARKS[name] for name in wanted}) != 1:
                raise HitTrackersError(
                    f"--root {value}: whose root is it? This run asks for {wanted or 'the demo'}; "
                    "write --root lasot=DIR (or trackingnet=DIR, got10k=DIR), one a benchmark"
                )
        roots.update({name: expanded(folder) for name in names})
    return roots


def find_root(dataset: str, root: str | Path | None = None) -> Path:
    """Root folder of `lasot`, `trackingnet`, `got10k-val` or `got10k-test`.

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
    from toolkit_adapters.datasets.trackingnet import TrackingNet

    if name == "demo":
        return demo.open_demo(root)
    if name in demo.PARTS:
        return [dataset for dataset in demo.open_demo(root) if dataset.name == name]
    if name == "lasot":
        return [Lasot(find_root(name, root))]
    if name == "trackingnet":
        return [TrackingNet(find_root(name, root), truth=Path(truth) if truth else None)]
    if name in ("got10k-val", "got10k-test"):
        return [Got10k(find_root(name, root), split=name.removeprefix("got10k-"))]
    raise DatasetError(f"unknown dataset {name!r}; known: {', '.join((*DATASETS, *demo.PARTS))}")
