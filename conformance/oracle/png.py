"""The chunks of a PNG, its Exif, and the samples of PNGs that Pillow shows otherwise: it keeps only the high byte of 16
bits, and takes a transparent level of gray of less than 8 bits for one of 8."""

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


def exif(data):
    """What may say how the picture is turned, the one that counts first: eXIf, then raw profiles in text as ImageMagick and
    exiftool write them."""
    every = list(every_chunk(data))
    found = [body for name, body in every if name == b"eXIf"]
    for name, body in every:
        keyword, _, rest = body.partition(b"\0")
        if name in TEXT and keyword in (b"Raw profile type exif", b"Raw profile type APP1"):
            found.append(raw_profile(TEXT[name](rest)).removeprefix(b"Exif\0\0"))
    return [structure for structure in found if structure[:2] in (b"II", b"MM")]


def every_chunk(data):
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def international(rest):
    """The text of an iTXt behind its keyword: a flag, a method, a language, the keyword translated, the text."""
    text = rest[2:].split(b"\0", 2)[2]
    return zlib.decompress(text) if rest[0] else text


# The text behind a keyword, without its compression.
TEXT = {b"tEXt": bytes, b"zTXt": lambda rest: zlib.decompress(rest[1:]), b"iTXt": international}


def raw_profile(text):
    """Lines of a name, a length and hexadecimal digits; nothing where those are not of that length."""
    try:
        _, _, length, *digits = text.split(b"\n")
        found = bytes.fromhex(b"".join(digits).decode())
        return found if len(found) == int(length) else b""
    except ValueError:
        return b""


def samples(parts):
    """Gray or colour samples as stored, as height × width × channels."""
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", parts["IHDR"])
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    data, at = zlib.decompress(parts["IDAT"]), 0
    out = np.zeros((height, width, channels), np.uint16)
    passes = ADAM7 if interlace else [(0, 0, 1, 1)]
    for left, top, across, down in passes:
        w, h = -(-(width - left) // across), -(-(height - top) // down)
        if w > 0 and h > 0:
            row_bytes = -(-w * channels * depth // 8)
            size = h * (1 + row_bytes)
            rows = unfiltered(data[at : at + size], h, row_bytes, max(1, channels * depth // 8))
            out[top::down, left::across] = numbers(rows, depth)[:, : w * channels].reshape(h, w, channels)
            at += size
    return out


def numbers(rows, depth):
    if depth >= 8:
        return rows if depth == 8 else rows.view(">u2")
    bits = np.unpackbits(rows, axis=1).reshape(len(rows), -1, depth)
    return bits @ (1 << np.arange(depth - 1, -1, -1))


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
