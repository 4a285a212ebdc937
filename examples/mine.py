import cv2


class Mine:
    """Looks for the first frame's patch within 30 pixels of where it was last."""

    def init(self, image, box):
        x, y, w, h = self.box = [round(side) for side in box]
        self.patch = image[y : y + h, x : x + w].copy()

    def update(self, image):
        x, y, w, h = self.box
        left, top = max(0, x - 30), max(0, y - 30)
        region = image[top : y + h + 30, left : x + w + 30]
        fit = cv2.matchTemplate(region, self.patch, cv2.TM_CCOEFF_NORMED)
        _, score, _, (dx, dy) = cv2.minMaxLoc(fit)
        self.box = [left + dx, top + dy, w, h]
        return self.box, score
