"""One pass over one sequence: every tracker on the same decoded frames, timed. Writes nothing."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass, field
from functools import partial

from hit_trackers.errors import BoxError, HitTrackersError
from hit_trackers.geometry import check_first_box
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.decoding import Frame, decode_ahead
from toolkit_adapters.records import Flag, Record
from toolkit_adapters.running.entrant import Columns, Entrant
from toolkit_adapters.running.timing import (
    without_garbage_collection,
)
from toolkit_adapters.running.turns import in_turn

#: The frame after which each tracker is observed: early, for a sequence may be short.
OBSERVED = 1


class Interrupted(Exception):
    """Somebody asked to stop; the current sequence is given up."""


@dataclass(frozen=True)
class Outcome:
    """What a pass gave: a record or the reason for none, by tracker."""

    records: dict[str, Record] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def run_sequence(
    entrants: Rows[Entrant],
    sequence: Sequence,
    *,
    identities: Mapping[str, str] | None = None,
    open_loop: int = 10,
    max_frames: int | None = None,
    ahead: int = 4,
    shared: bool = False,
    tolerate_damage: bool = False,
    on_frame: Callable[[], object] = lambda: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run all entrants over a sequence in one pass.

    Every frame is decoded once; the order of the entrants changes from frame to frame, so that
    neither place nor predecessor favours any (`in_turn`). Every `open_loop`-th frame each network
    is fed its baseline's input (0: never), outside all timed regions.

    Args:
        entrants: trackers, with or without their baselines.
        sequence: frames and the first box.
        identities: SHA-256 of the run's identity, by entrant.
        open_loop: frames from one open-loop frame to the next.
        max_frames: look at the first so many frames only.
        ahead: frames decoded ahead.
        shared: other work runs on the device; flags every frame.
        tolerate_damage: whether damaged images are noted and tracked; else they fail the sequence.
        on_frame: called after each frame.
        should_stop: asked before each frame.

    Returns:
        Records of the entrants that got to the end, and why the others did not. An image that
        cannot be decoded fails all of them; an exception in a tracker only that one.

    Raises:
        Interrupted: `should_stop` said so.
    """
    paths = sequence.frames[:max_frames]
    flag = Flag.SHARED if shared else 0
    tracks = [Columns(entrant, len(paths), sequence.first_box, flag) for entrant in entrants]
    failures: dict[str, str] = {}
    notes: Counter[str] = Counter()
    size: tuple[int, ...] = ()
    with without_garbage_collection():
        frames = decode_ahead(paths, ahead, tolerate_damage=tolerate_damage)
        try:
            for index in itertools.count():
                # No name holds the last frame while the next is decoded: it takes the same memory,
                # which is still in a cache.
                frame = next(frames, None)
                if frame is None:
                    break
                if should_stop():
                    raise Interrupted
                if index == 0:
                    _check_first_box(sequence, frame)
                elif frame.image.shape != size:
                    notes["image size changes"] += 1
                size = frame.image.shape
                if frame.note:
                    notes[f"{frame.note}, read as 8-bit RGB"] += 1
                opened = bool(open_loop and index and index % open_loop == 0)
                # All keep it, though the baselines' would do: what it costs is then the same.
                recording = opened or index == OBSERVED
                for track in in_turn(tracks, index):
                    _attempt(track, index, partial(track.step, index, frame, recording), failures)
                tracks = [track for track in tracks if track.entrant.name not in failures]
                if opened:
                    _open_loop(tracks, index, failures)
                    tracks = [track for track in tracks if track.entrant.name not in failures]
                if index == OBSERVED:
                    for track in tracks:
                        _attempt(track, index, track.observe, failures)
                    tracks = [track for track in tracks if track.entrant.name not in failures]
                del frame
                on_frame()
                if not tracks:
                    break
        except HitTrackersError as error:  # the frames themselves: nobody can go on
            failures.update({track.entrant.name: str(error) for track in tracks})
            tracks = []
        finally:
            frames.close()
    pairing = uuid.uuid4().hex
    texts = tuple(f"{count} frames: {note}" for note, count in sorted(notes.items()))
    known = identities or {}
    records = {
        name: track.finish(known.get(name, ""), pairing, texts)
        for track in tracks
        for name in [track.entrant.name]
    }
    return Outcome(records, failures)


def _attempt(
    track: Columns, index: int, action: Callable[[], None], failures: dict[str, str]
) -> None:
    try:
        action()
    except HitTrackersError as error:
        failures[track.entrant.name] = f"frame {index}: {error}"
    except Exception as error:
        # An error of one tracker must not cost the others their sequence.
        failures[track.entrant.name] = f"frame {index}: {type(error).__name__}: {error}"


def _open_loop(tracks: list[Columns], index: int, failures: dict[str, str]) -> None:
    probes = {track.entrant.name: track.probe for track in tracks}
    # Taken first: running a network may write over the tracker's own input.
    inputs = {name: probe.network_input for name, probe in probes.items() if probe is not None}
    for track in tracks:
        given = inputs.get(track.entrant.variant.baseline)
        if track.probe is not None and given is not None:
            _attempt(track, index, partial(track.run_network, index, given), failures)


def _check_first_box(sequence: Sequence, frame: Frame) -> None:
    height, width = frame.image.shape[:2]
    try:
        check_first_box(sequence.first_box, height, width)
    except BoxError as error:
        raise BoxError(
            f"{sequence.dataset}/{sequence.name}: {error}, {sequence.frames[0]}; "
            "correct the annotation"
        ) from error
