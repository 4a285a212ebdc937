"""Trackers on any source, to be looked at: what `hit-trackers track` and `play` do.

sources     a video, images, a sequence of a dataset or a camera, by its text
boxes       boxes from options and files, and into files
follow      trackers over pictures, step by step
history     what was so far: median times, and how far a variant is from its baseline
overlay     boxes and figures drawn on a picture; `views`: a part of one; `strip`: below it
window      a window, its keys, and selecting with the mouse
request     what to track and to leave; found before the first picture
session     one source from its first picture to the files that are left
replay      the same pictures from records, without a tracker; `recorded`: a run, then these
frames      the same as a loop of one's own
"""
