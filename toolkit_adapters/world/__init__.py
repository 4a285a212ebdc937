"""A rendered world: the demo sequences, and the pairs that hit_nano is trained on.

>>> from toolkit_adapters.world import render_demo
>>> render_demo(Path("demo"))  # demo/lasot, demo/trackingnet, demo/trackingnet_truth, demo/got10k
"""

from __future__ import annotations

from toolkit_adapters.world.demo import DEMO_VERSION, render_demo

__all__ = ["DEMO_VERSION", "render_demo"]
