"""The demo: rendered here on first use, in the three official layouts, read by the same loaders."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import filelock

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.lasot import Lasot
from toolkit_adapters.datasets.settings import cache_folder
from toolkit_adapters.datasets.trackingnet import TrackingNet


def open_demo(root: str | Path | None = None) -> list[Dataset]:
    """The three demo datasets; `root` is an already rendered folder, by default the cache."""
    folder = Path(root) if root is not None else demo_root()
    return [
        Lasot(folder / "lasot", name="demo-lasot", any_name=True),
        TrackingNet(folder / "trackingnet", name="demo-trackingnet"),
        Got10k(folder / "got10k", split="val", name="demo-got10k"),
    ]


def demo_root(progress: bool = True) -> Path:
    """Folder of the rendered demo; renders it unless this version is in the cache already.

    Rendered beside its final place and renamed, under a lock: an interrupted or concurrent first
    use never leaves half a demo.

    Raises:
        DatasetError: the cache cannot be written.
    """
    from toolkit_adapters import world  # the renderer, needed on first use only

    cache = cache_folder()
    final = cache / f"demo-{world.DEMO_VERSION}"
    if final.is_dir():
        return final
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache / "demo.lock"):
            if final.is_dir():
                return final
            for abandoned in cache.glob("rendering-*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix="rendering-", dir=cache) as scratch:
                rendered = Path(scratch) / "demo"
                world.render_demo(rendered, progress=progress)
                rendered.rename(final)
    except OSError as error:
        raise DatasetError(
            f"{cache}: the demo cannot be rendered there ({error}); "
            "set HIT_TRACKERS_CACHE to a folder with about 100 MB to spare"
        ) from error
    return final
