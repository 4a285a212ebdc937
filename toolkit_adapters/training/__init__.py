"""Training of hit_nano from rendered pairs: `python -m toolkit_adapters.training --help`."""
