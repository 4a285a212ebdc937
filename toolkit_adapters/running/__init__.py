"""Trackers over sequences: passes, who runs them where, and what each frame took."""
