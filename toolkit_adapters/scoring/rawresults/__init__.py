"""Result files of any tracker, and annotations, read from folders or zips.

files        members of a folder or a zip, with limits; nothing is ever extracted to disk
predictions  result files of pytracking, got10k and pysot layouts
annotations  truth of LaSOT, TrackingNet and GOT-10k
evaluation   all sequences of one tracker, scored under one convention
"""
