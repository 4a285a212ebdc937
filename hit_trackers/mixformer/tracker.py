"""MixFormer's closed loop: the shared one, and online templates chosen by score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.attention import Site
from hit_trackers.closed_loop import Given, Regions, UpdatingTracker
from hit_trackers.engines import Engine
from hit_trackers.geometry import Box
from hit_trackers.mixformer.config import CONFIGS, Setting, setting_of
from hit_trackers.protocol import Decision
from hit_trackers.variants import Variant

#: A frame whose score is no higher never becomes a template.
THRESHOLD = 0.5


class MixFormerTracker(UpdatingTracker):
    """A MixFormer tracker with score branch, and its own probe.

    Of the frames since the last change the one with the highest score becomes an online template;
    where none qualified, the first frame's template does, as officially.

    A decision, `template`: whether a frame is the best one yet. Its margin is the distance of the
    score from what it had to exceed.

    Attributes:
        setting: how it searches and learns.
    """

    site = Site

    def __init__(
        self, engine: Engine, variant: Variant, device: str, setting: Setting | None = None
    ) -> None:
        size = variant.part("size")
        config = CONFIGS[size]
        self.setting = setting or setting_of(size, variant.part("setting"))
        regions = Regions(
            config.search_size,
            config.template_size,
            self.setting.search_factor,
            config.template_factor,
        )
        super().__init__(engine, variant, device, regions)

    def start(self, template: NDArray[np.uint8]) -> None:
        """As of `UpdatingTracker`."""
        super().start(template)
        self._best = template
        self._highest = -1.0
        self._frame = self._next = 0
        self._to_exceed = THRESHOLD

    def given(self, patch: NDArray[np.uint8]) -> Any:
        """As of `UpdatingTracker`."""
        self._to_exceed = max(THRESHOLD, self._highest * self.setting.decay)
        return Given(patch, self.templates, self._to_exceed)

    def run_network(self, network_input: Any) -> NDArray[np.float32]:
        """As of `UpdatingTracker`; what a score had to exceed is the input's, too."""
        own = self._to_exceed
        if isinstance(network_input, Given):
            self._to_exceed = network_input.to_exceed
        try:
            return super().run_network(network_input)
        finally:
            self._to_exceed = own

    def decide(self, output: NDArray[np.float32]) -> Mapping[str, Decision]:
        """As of `ClosedLoopTracker`."""
        score = float(output[4])
        taken = score > self._to_exceed
        return {"template": Decision(int(taken), abs(score - self._to_exceed))}

    def learn(self, image: NDArray[np.uint8], box: Box, output: NDArray[np.float32]) -> None:
        """Official `track`, after the box."""
        self._frame += 1
        self._highest *= self.setting.decay
        score = float(output[4])
        if score > self._to_exceed:
            self._best, self._highest = self.cut_template(image, box), score
        if self._frame % self.setting.interval == 0:
            self.hold(self._changed())
            self._best, self._highest = self.templates[0], -1.0

    def _changed(self) -> NDArray[np.uint8]:
        """The templates with the best one among them: added, or in the place of the oldest."""
        if len(self.templates) - 1 < self.setting.online:
            return np.concatenate([self.templates, self._best[None]])
        changed: NDArray[np.uint8] = self.templates.copy()
        changed[1 + self._next] = self._best
        self._next = (self._next + 1) % self.setting.online
        return changed
