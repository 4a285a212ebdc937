"""Facts of benchmarks: names, frame ranges, attributes. Each file says whose they are."""
