"""Everything this project raises on purpose.

Messages answer four questions: what went wrong, where (file and line, where there is one), what was
expected, and what to do next.
"""

from __future__ import annotations


class HitTrackersError(Exception):
    """Base of all our exceptions; the command line prints it without a traceback and exits 1."""


class UnknownTrackerError(HitTrackersError, ValueError):
    """A tracker name that does not parse."""


class CheckpointError(HitTrackersError):
    """A weight file that is missing, malformed, unsafe, or of another network."""


class ImageError(HitTrackersError, ValueError):
    """An image that is not RGB uint8 (H, W, 3), or a file that cannot be decoded."""


class BoxError(HitTrackersError, ValueError):
    """A box that is not four finite numbers with a positive size, or lies outside its image."""


class PredictionError(HitTrackersError):
    """A tracker returned something that is no box."""


class DatasetError(HitTrackersError):
    """A dataset that is missing, incomplete or inconsistent."""


class RecordError(HitTrackersError):
    """A record that is missing, damaged, or of another run."""


class ResultFileError(HitTrackersError):
    """A raw result file, folder or zip that cannot be read."""


class SubmissionError(HitTrackersError):
    """A submission that the server would reject."""


class MissingDependencyError(HitTrackersError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""

    @classmethod
    def of(cls, error: ImportError, extra: str) -> MissingDependencyError:
        """What to raise when an optional package cannot be imported."""
        return cls(
            f"{error.name or extra} cannot be imported ({error}); "
            f'install it: pip install "hit-trackers[{extra}]"'
        )


class EngineError(HitTrackersError):
    """An engine that cannot run here, or whose output fails its parity check."""


class FamilyError(HitTrackersError):
    """A family of trackers that cannot be imported."""


class SchedulerError(HitTrackersError):
    """Workers that cannot be had, differ from each other, or are lost."""
