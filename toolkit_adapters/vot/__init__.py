"""The VOT toolkit: a TraX tracker for it, workspaces of official datasets, and its experiments.

`python -m toolkit_adapters.vot` is the tracker that the toolkit starts; it never imports `vot`
(GPL). `python -m toolkit_adapters.vot init|evaluate|report|pack WORKSPACE` drives the toolkit.
"""
