"""What the tests of both toolkits start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit_samples import make_got10k

from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Sequence


@pytest.fixture
def settings() -> Iterator[None]:
    """The settings of the in-process VOT runtime, empty before and after."""
    from vot_samples import SETTINGS

    SETTINGS.clear()
    yield
    SETTINGS.clear()


@pytest.fixture
def got10k(tmp_path: Path) -> list[Sequence]:
    return list(open_datasets("got10k-val", make_got10k(tmp_path / "got10k"))[0])
