def cxy_wh_2_rect(pos, sz):
    return [pos[0] - sz[0] / 2, pos[1] - sz[1] / 2, sz[0], sz[1]]
