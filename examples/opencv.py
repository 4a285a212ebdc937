import cv2


class OpenCV:
    """A tracker of OpenCV that needs no weights: MIL, or CSRT where this OpenCV has it.

    MIL draws random numbers that start from the clock, and nobody can seed them: run again it is
    another tracker, and the control says so.
    """

    def __init__(self, kind="MIL"):
        self.create = getattr(cv2, f"Tracker{kind}").create

    def init(self, image, box):
        self.tracker = self.create()
        self.tracker.init(image, [round(side) for side in box])

    def update(self, image):
        found, box = self.tracker.update(image)
        return box if found else [float("nan")] * 4
