"""The command line with narrow networks of the families, whose templates change often.

    python -m tests.redteam.narrow_run run --tracker ostrack_256 --checkpoint seeded ...

The code is the families' own; only their sizes are small enough to run a hundred times.
"""

from __future__ import annotations

import dataclasses
import sys

from hit_trackers.layers.transformer import Sublayers
from hit_trackers.mixformer import config as mixformer_config
from hit_trackers.ostrack import config as ostrack_config
from hit_trackers.stark import config as stark_config
from hit_trackers.transt.network import config as transt_config
from tests.fakes import narrow
from toolkit_adapters import cli

INTERVAL = 2  # frames from one change of templates to the next
BLOCK = 96  # tokens that are fed at a time: fewer than there are, as officially
SALT = "4"  # of STARK-ST's seeded weights: scores on both sides of the threshold


def shrink() -> None:
    """Replace the official configurations in this process."""
    Sublayers.BLOCK = BLOCK
    ostrack_config.CONFIGS.update(narrow.OSTRACK)
    transt_config.CONFIGS.update(narrow.TRANST)
    for name, few in narrow.STARK.items():
        hasty = dataclasses.replace(few, interval=INTERVAL, salt=SALT) if few.interval else few
        stark_config.CONFIGS[name] = hasty
    mixformer_config.CONFIGS.update(narrow.MIXFORMER)
    usual, settings = mixformer_config.USUAL, mixformer_config.SETTINGS["cvt"]
    mixformer_config.USUAL = dataclasses.replace(usual, interval=INTERVAL)
    settings["got10k"] = dataclasses.replace(settings["got10k"], interval=INTERVAL)


if __name__ == "__main__":
    shrink()
    sys.exit(cli.main())
