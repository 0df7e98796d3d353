"""The chunks of a WebP. Pillow refuses files whose RIFF size, padding or flags promise more than is there."""

import struct


def sound(data):
    """The same WebP of its whole chunks alone, with the RIFF size and the flags that these have."""
    found = list(whole_chunks(data))
    names = {name for name, _ in found}
    body = b"".join(written(name, flagged(part, names) if name == b"VP8X" else part) for name, part in found)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def whole_chunks(data):
    end, at = min(len(data), 8 + struct.unpack("<I", data[4:8])[0]), 12
    while at + 8 <= end:
        name, (length,) = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])
        if at + 8 + length > end:
            return
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def written(name, part):
    return name + struct.pack("<I", len(part)) + part + bytes(len(part) % 2)


# RFC 9649, 2.7.1. A VP8L picture and frames have alpha planes of their own.
FLAGS = {0x20: {b"ICCP"}, 0x10: {b"ALPH", b"VP8L", b"ANMF"}, 0x08: {b"EXIF"}, 0x04: {b"XMP "}, 0x02: {b"ANIM"}}


def flagged(part, names):
    """VP8X without the flags of chunks that are missing."""
    present = sum(flag for flag, of in FLAGS.items() if names & of)
    return bytes([part[0] & present]) + part[1:]
