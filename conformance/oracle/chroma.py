"""The oracle's picture with its chroma on a 4:2:0 grid, where a decoder behind it treats chroma in another way than ours."""

import numpy as np

# ITU-T T.871, clause 7.
YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
RGB = np.linalg.inv(YCBCR)


def variants(picture, line):
    """By the name that deliberate.toml calls them."""
    yield "4:2:0", resampled(picture, 0.5, 0.5)
    if line["source"]["format"] == "heic":
        yield "left-sited", resampled(picture, *left_sited(line["source"]["orientation"]))


def left_sited(orientation):
    """Where the first chroma sample of HEVC lies once the picture is upright: (x, y) in luma samples."""
    transpose, mirror_x, mirror_y = TURNS[orientation]
    return (0.5, float(mirror_y)) if transpose else (float(mirror_x), 0.5)


TURNS = {1: (0, 0, 0), 2: (0, 1, 0), 3: (0, 1, 1), 4: (0, 0, 1), 5: (1, 0, 0), 6: (1, 1, 0), 7: (1, 1, 1), 8: (1, 0, 1)}


def resampled(picture, x, y):
    """Chroma averaged over 2×2 pixels, then enlarged linearly from samples whose first lies at (x, y)."""
    height, width, _ = picture.shape
    ycbcr = picture.astype(np.float32) @ YCBCR.T.astype(np.float32)
    chroma = np.pad(ycbcr[..., 1:], ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    chroma = (chroma[::2, ::2] + chroma[1::2, ::2] + chroma[::2, 1::2] + chroma[1::2, 1::2]) / 4
    chroma = enlarged(enlarged(chroma, height, y).swapaxes(0, 1), width, x).swapaxes(0, 1)
    rgb = np.concatenate([ycbcr[..., :1], chroma], axis=2) @ RGB.T.astype(np.float32)
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def enlarged(samples, length, first):
    at = (np.arange(length) - first) / 2
    low = np.floor(at).astype(int)
    part = (at - low).astype(np.float32)[:, None, None]
    take = lambda index: samples[np.clip(index, 0, len(samples) - 1)]
    return take(low) * (1 - part) + take(low + 1) * part
