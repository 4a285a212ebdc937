"""Training of hit_nano from rendered pairs: `python -m training --help`."""
