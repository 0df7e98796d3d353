"""Reduces a picture as optics would: in linear light, by Lanczos with three lobes, in floating point."""

import numpy as np

import colour

LOBES = 3


def reduce(picture, size):
    """8-bit sRGB, height × width × 3, to (width, height)."""
    light = colour.srgb_light(np.arange(256) / 255).astype(np.float32)[picture]
    for axis, target in ((0, size[1]), (1, size[0])):
        light = along(light, axis, target)
    return np.round(colour.srgb_code(light) * 255).astype(np.uint8)


def along(samples, axis, target):
    source = samples.shape[axis]
    if source == target:
        return samples
    first, weights = taps(source, target)
    shape = [1] * samples.ndim
    shape[axis] = target
    total = 0
    for tap in range(weights.shape[1]):
        index = np.clip(first + tap, 0, source - 1)
        total = total + np.take(samples, index, axis) * weights[:, tap].reshape(shape)
    return total


def taps(source, target):
    """For each sample of the target, the first of the source's that it reads, and their weights."""
    scale = source / target
    centre = (np.arange(target) + 0.5) * scale - 0.5
    first = np.ceil(centre - LOBES * scale).astype(int)
    position = first[:, None] + np.arange(int(np.ceil(2 * LOBES * scale)) + 1)
    distance = (position - centre[:, None]) / scale
    weights = np.where(np.abs(distance) < LOBES, np.sinc(distance) * np.sinc(distance / LOBES), 0)
    weights[(position < 0) | (position >= source)] = 0
    return first, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
