"""A few hundred cases of every target; `python -m tests.fuzz` runs as many as one likes."""

from __future__ import annotations

import pytest
from fuzz.harness import fuzz
from fuzz.targets import TARGETS, Target
from hypothesis import strategies as st

from hit_trackers.errors import DatasetError

#: PyTorch says what is odd about a file before it refuses it.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
CASES = {"results folders": 150, "checkpoints": 200, "videos": 150}


@pytest.mark.parametrize("name", TARGETS)
def test_every_case_ends_in_a_result_or_our_own_error(name: str) -> None:
    cases = CASES.get(name, 300)
    counts = fuzz(TARGETS[name], cases)
    # Hypothesis stops early only where it has tried everything there is.
    assert counts.total() >= cases / 2
    assert len(counts) > 1, "both good and bad ones are among them"


def test_the_harness_sees_what_is_not_ours() -> None:
    def careless(folder, content):  # type: ignore[no-untyped-def]
        if len(content) == 2:
            raise DatasetError("ours")
        return 1 // (len(content) != 3)

    with pytest.raises(ZeroDivisionError):
        fuzz(Target(st.binary(max_size=4), careless), 200)
