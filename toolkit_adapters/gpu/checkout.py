"""Where the documentation and the tests are: beside the package, or in the working directory."""

from __future__ import annotations

from pathlib import Path

NEEDED = ("docs", "tests")


def checkout() -> Path:
    """Root of the repository.

    A package that is installed has no pages beside it; the command may still run in a checkout.
    Where neither is one, the first is named, which has neither pages nor tests.
    """
    beside = Path(__file__).resolve().parents[2]
    holding = [
        root for root in (beside, Path.cwd()) if all((root / name).is_dir() for name in NEEDED)
    ]
    return [*holding, beside][0]
