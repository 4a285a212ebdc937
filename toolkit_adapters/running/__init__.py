"""Running trackers over sequences: passes, workers, and the time of each frame."""
