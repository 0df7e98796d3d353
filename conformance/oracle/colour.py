"""From described colour to sRGB in floating point, for what Pillow does not apply (ITU-T H.273, ITU-R BT.2100, PNG)."""

import numpy as np

D65 = (0.3127, 0.3290)
PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), (0.310, 0.316)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
PQ, HLG = 16, 18


def xyz(point):
    return np.array([point[0] / point[1], 1.0, (1 - point[0] - point[1]) / point[1]])


def to_xyz(primaries):
    """The matrix from linear RGB to XYZ whose white has Y = 1."""
    *points, white = primaries
    columns = np.stack([xyz(p) for p in points], axis=1)
    return columns * np.linalg.solve(columns, xyz(white))


def to_bt709(primaries):
    """Linear RGB to linear BT.709; white goes to white, by Bradford where it differs from D65."""
    from_white, to_white = BRADFORD @ xyz(primaries[3]), BRADFORD @ xyz(D65)
    adapt = np.linalg.inv(BRADFORD) @ np.diag(to_white / from_white) @ BRADFORD
    return np.linalg.inv(to_xyz(PRIMARIES[1])) @ adapt @ to_xyz(primaries)


def srgb_light(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def srgb_code(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def by_power(v, exponent, primaries):
    return srgb_code(v**exponent @ to_bt709(primaries).T)


def by_cicp(v, primaries, transfer):
    """Code values 0–1 to sRGB code values. BT.709's and its relatives' transfer functions are read as sRGB's."""
    if transfer in (PQ, HLG):
        return tone_mapped(v, PRIMARIES.get(primaries, PRIMARIES[9]), transfer)
    light = v ** {4: 2.2, 5: 2.8, 8: 1.0}[transfer] if transfer in (4, 5, 8) else srgb_light(v)
    return srgb_code(light @ to_bt709(PRIMARIES.get(primaries, PRIMARIES[1])).T)


REFERENCE_WHITE = 203.0


def tone_mapped(v, primaries, transfer):
    """Display light in units of BT.2408's reference white, then the documented curve: unchanged up to a half, above it
    an extended Reinhard curve on luminance that is tangent there and reaches white at the format's peak."""
    weights = to_xyz(primaries)[1]
    if transfer == PQ:
        light, peak = pq_eotf(v) / REFERENCE_WHITE, 10_000 / REFERENCE_WHITE
    else:
        scene = hlg_inverse_oetf(v)
        # BT.2100 table 5: OOTF with gamma 1.2 at a nominal peak of 1 000 cd/m².
        light = scene * ((scene @ weights) ** 0.2)[..., None] * 1000 / REFERENCE_WHITE
        peak = 1000 / REFERENCE_WHITE
    y = light @ weights
    start = 0.5
    x, most = np.maximum(y - start, 0) / (1 - start), (peak - start) / (1 - start)
    mapped = np.where(y > start, start + (1 - start) * x * (1 + x / most**2) / (1 + x), y)
    ratio = np.divide(mapped, y, out=np.ones_like(y), where=y > 0)
    return srgb_code((light * ratio[..., None]) @ to_bt709(primaries).T)


def pq_eotf(v):
    """BT.2100 table 4, cd/m²."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    p = v ** (1 / m2)
    return 10_000 * (np.maximum(p - c1, 0) / (c2 - c3 * p)) ** (1 / m1)


def hlg_inverse_oetf(v):
    """BT.2100 table 5."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    return np.where(v <= 0.5, v**2 / 3, (np.exp((v - c) / a) + b) / 12)
