"""Videos: pictures out of files and cameras, and into files that a browser plays.

facts       what a video file says of itself, and which ones are refused
reader      a file, picture by picture
camera      the newest picture of a live source, dropped ones counted
writer      H.264 into a file that is complete or not there
background  drawing and writing beside the tracker

PyAV (extra `video`) does the decoding and the encoding. Nothing here knows a tracker.
"""
