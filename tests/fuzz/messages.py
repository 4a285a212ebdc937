"""Messages of the TraX protocol."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from hit_trackers.errors import HitTrackersError
from hit_trackers.geometry import is_box

from .edits import anything
from .loading import good_images
from .target import Target, write


def _trax(folder: Path, contents: list[tuple[str, bytes, Any]]) -> str:
    """The loop of the TraX tracker, on messages as the toolkit's library hands them over."""
    from toolkit_adapters.vot import server

    class Prediction(tuple):
        pass

    class Tracker:
        name = "hit_nano"

        def init(self, image: Any, box: Any) -> None:
            if not is_box(box):
                raise HitTrackersError("no box")
            self.box = box

        def update(self, image: Any) -> Any:
            return self.box, 0.5

    status = types.SimpleNamespace(INITIALIZE=1, FRAME=2)
    rectangle = types.SimpleNamespace(create=lambda *values: tuple(map(float, values)))
    trax = types.SimpleNamespace(TraxStatus=status, Rectangle=rectangle)
    requests = []
    for number, (kind, content, bounds) in enumerate(contents):
        path = folder / f"{number}.jpg"
        if kind != "no file":
            write(path, content)
        image = types.SimpleNamespace(path=lambda path=path: str(path))
        region = types.SimpleNamespace(bounds=lambda bounds=bounds: bounds)
        requests.append(
            types.SimpleNamespace(
                type={"init": 1, "no file": 1, "frame": 2}.get(kind, 3),
                image={} if kind == "no image" else {"color": image},
                objects=[] if bounds is None else [(region, {})],
            )
        )
    answers: list[Any] = []
    requests.append(types.SimpleNamespace(type=0, image={}, objects=[]))
    source = iter(requests)
    fake = types.SimpleNamespace(wait=lambda: next(source), status=lambda *a: answers.append(a))
    reason = server._loop(trax, fake, Tracker())  # type: ignore[arg-type]
    assert isinstance(reason, str)
    return "stopped with a reason" if reason else "answered"


_BOUNDS = st.none() | st.tuples(*[st.floats(width=32)] * 4) | st.just((1.0, 1.0, 8.0, 8.0))
_MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["init", "frame", "frame", "no file", "no image", "quit"]),
        st.sampled_from(good_images()) | anything(good_images()),
        _BOUNDS,
    ),
    max_size=4,
)


TARGETS: dict[str, Target] = {
    "TraX messages": Target(_MESSAGES, _trax),
}
