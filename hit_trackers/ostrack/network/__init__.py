"""OSTrack's network."""
