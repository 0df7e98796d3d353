"""The chunks of a PNG, and the samples of 16-bit ones: Pillow keeps only the high byte of those."""

import struct
import zlib

import numpy as np


def chunks(data):
    """The first chunk of each name; image data joined."""
    found, at = {}, 8
    while at + 12 <= len(data):
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8].decode("latin-1")
        body = data[at + 8 : at + 8 + length]
        if name == "IDAT":
            found.setdefault(name, bytearray()).extend(body)
        else:
            found.setdefault(name, body)
        at += 12 + length
    return found


def sound(data):
    """The same PNG without the chunks whose CRC is wrong: a broken ancillary chunk is no damage to the picture, but
    Pillow refuses some."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunk = data[at : at + 12 + length]
        if zlib.crc32(chunk[4:-4]) == struct.unpack(">I", chunk[-4:])[0]:
            out += chunk
        at += 12 + length
    return out


def sixteen_bits(parts):
    """Samples 0–65 535 as height × width × channels, or nothing where samples are not of 16 bits."""
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", parts["IHDR"])
    if depth != 16:
        return None
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    data, at = zlib.decompress(parts["IDAT"]), 0
    out = np.zeros((height, width, channels), np.uint16)
    passes = ADAM7 if interlace else [(0, 0, 1, 1)]
    for left, top, across, down in passes:
        w, h = -(-(width - left) // across), -(-(height - top) // down)
        if w > 0 and h > 0:
            size = h * (1 + w * channels * 2)
            rows = unfiltered(data[at : at + size], h, w * channels * 2, channels * 2)
            out[top::down, left::across] = rows.view(">u2").reshape(h, w, channels)
            at += size
    return out


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def unfiltered(data, height, row_bytes, step):
    rows = np.zeros((height, row_bytes), np.uint8)
    above = bytes(row_bytes)
    for y in range(height):
        start = y * (row_bytes + 1)
        above = undo(data[start], data[start + 1 : start + 1 + row_bytes], above, step)
        rows[y] = np.frombuffer(above, np.uint8)
    return rows


def undo(kind, row, above, step):
    """PNG Third Edition, 9.2."""
    if kind == 0:
        return row
    if kind == 2:
        return (np.frombuffer(row, np.uint8) + np.frombuffer(above, np.uint8)).tobytes()
    out = bytearray(row)
    for i, value in enumerate(row):
        left, up_left = (out[i - step], above[i - step]) if i >= step else (0, 0)
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[i]) // 2
        else:
            up = above[i]
            to_left, to_up, to_both = abs(up - up_left), abs(left - up_left), abs(left + up - 2 * up_left)
            guess = left if to_left <= to_up and to_left <= to_both else up if to_up <= to_both else up_left
        out[i] = (value + guess) & 255
    return bytes(out)
