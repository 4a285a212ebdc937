"""What a lab adds to its checkout: how the tracker is made. Nothing else changes."""

from lib.test.tracker.matcher import get_tracker_class


def make():
    return get_tracker_class()({"seed": 0, "search_factor": 3}, "demo")
