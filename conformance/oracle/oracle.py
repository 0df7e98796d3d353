"""What a colour-managed viewer shows: upright 8-bit sRGB over white at canonical size, by Pillow, pillow-heif and
LittleCMS, and by colour.py for what those do not apply."""

import io
import struct

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

import colour
import png
import webp

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None
SRGB = ImageCms.createProfile("sRGB")
INTEROP_INDEX = 1


def canonical_size(width, height, most=2048):
    """DESIGN § 4, "Size", from the displayed size alone."""
    longer = max(width, height)
    if longer <= most:
        return width, height
    n = 1
    while longer > n * most:
        n *= 2
    if width % n == 0 and height % n == 0 and longer // n >= most * 7 / 8:
        return width // n, height // n
    return tuple(most if side == longer else max(1, (2 * side * most + longer) // (2 * longer)) for side in (width, height))


def show(data):
    """(picture at canonical size, size, oracle's way)."""
    picture, way = upright(data)
    size = canonical_size(*picture.size)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(picture), size, way


def upright(data):
    """(the whole picture in 8-bit sRGB over white, oracle's way)."""
    try:
        return decoded(sound(data))
    except UnidentifiedImageError:
        raise
    except OSError:
        # Pillow takes a missing end for missing samples, and then shows what came. Where samples are missing, that is gray.
        picture, way = with_what_came(sound(data))
        return picture, f"{way}, end missing"


def sound(data):
    """The same file without damage outside the picture, where Pillow would refuse the picture for it."""
    if data.startswith(b"\x89PNG"):
        return png.sound(data)
    return webp.sound(data) if data[8:12] == b"WEBP" else data


def with_what_came(data):
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return decoded(data)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def decoded(data):
    parts = png.chunks(data) if data.startswith(b"\x89PNG") else {}
    image = Image.open(io.BytesIO(data))
    exif = exif_of(image, data)
    orientation = exif.get(ExifTags.Base.Orientation, 1) if image.format != "HEIF" else 1
    samples, alpha, way = displayed(image, data, parts, exif)
    picture = over_white(samples, alpha)
    return ImageOps.exif_transpose(with_orientation(Image.fromarray(picture), orientation)), way


def exif_of(image, data):
    """Empty where none parses: broken metadata is no damage to the picture."""
    if image.format != "PNG":
        return image.getexif()
    for structure in png.exif(data):
        try:
            exif = Image.Exif()
            exif.load(structure)
            return exif
        except (SyntaxError, struct.error):
            continue
    return Image.Exif()


def with_orientation(picture, orientation):
    picture.getexif()[ExifTags.Base.Orientation] = orientation
    return picture


def displayed(image, data, parts, exif):
    """sRGB code values 0–1 as height × width × 3, alpha 0–1 or nothing, and the way."""
    own = own_samples(image, data, parts)
    samples, alpha, way = own or eight_bits(image, parts)
    if "cICP" in parts and parts["cICP"][3] == 0:
        samples, way = full_range(samples, depth=parts["IHDR"][8]), f"{way}, narrow range"
    rule = description(image, parts, exif)
    if rule is None:
        return samples, alpha, way
    name, apply = rule
    return apply(samples), alpha, f"{way}, {name}"


def full_range(samples, depth):
    """PNG Third Edition, 11.3.2.6, by ITU-T H.273: black is 16 and white 235 of 8 bits, and so on for more."""
    unit = (1 << depth) - 1
    black, white = 16 << depth - 8, 235 << depth - 8
    return np.clip((samples * unit - black) / (white - black), 0, 1)


def description(image, parts, exif):
    """The second oracle's rule: a name, and a function of code values."""
    if "cICP" in parts and parts["cICP"][2] == 0:
        return by_cicp(parts["cICP"][0], parts["cICP"][1], "cICP")
    if image.info.get("icc_profile"):
        return None
    if "gAMA" in parts and "sRGB" not in parts:
        (gamma,) = struct.unpack(">I", parts["gAMA"])
        if gamma == 0:
            return None
        points = struct.unpack(">8I", parts["cHRM"]) if "cHRM" in parts else None
        return by_gamma(gamma, points)
    nclx = image.info.get("nclx_profile")
    if nclx:
        return by_cicp(int(nclx["color_primaries"]), int(nclx["transfer_characteristics"]), "nclx")
    interop = exif.get_ifd(ExifTags.IFD.Interop).get(INTEROP_INDEX)
    if image.format in ("JPEG", "MPO", "WEBP") and str(interop or "").startswith("R03"):
        return "Interop R03", lambda v: colour.by_power(v, 563 / 256, colour.ADOBE_RGB)
    return None


def by_cicp(primaries, transfer, name):
    if primaries in (1, 2) and transfer not in (4, 5, 8, colour.PQ, colour.HLG):
        return None
    return name, lambda v: colour.by_cicp(v, primaries, transfer)


def by_gamma(gamma, points):
    if points is None:
        primaries = colour.PRIMARIES[1]
    else:
        white, *rgb = [(points[i] / 1e5, points[i + 1] / 1e5) for i in range(0, 8, 2)]
        primaries = (*rgb, white)
    return ("gAMA" if points is None else "gAMA, cHRM"), lambda v: colour.by_power(v, 1e5 / gamma, primaries)


def own_samples(image, data, parts):
    """What Pillow's eight bits do not show: PNG by png.py, HEIF deeper than 8 bits by pillow-heif's 16-bit samples. ICC
    profiles are then applied to the samples rounded to 8 bits, which is all that ImageCms takes."""
    if parts:
        depth, color = parts["IHDR"][8:10]
        if depth != 16 and not (depth < 8 and color == 0 and "tRNS" in parts):
            return None
        raw = png.samples(parts)
        most = (1 << depth) - 1
        values = raw / most
        alpha = values[..., -1] if raw.shape[2] in (2, 4) else None
        if alpha is None and "tRNS" in parts:
            clear = np.frombuffer(parts["tRNS"], ">u2") & most
            alpha = 1.0 - (raw == clear).all(axis=2)
        values = values[..., :3] if raw.shape[2] > 2 else np.repeat(values[..., :1], 3, axis=2)
        way = "own PNG decoder"
    elif image.format == "HEIF":
        file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        if not file.mode.endswith(";16"):
            return None
        raw = np.asarray(file)
        values = raw / 65535
        alpha = values[..., 3] if raw.ndim == 3 and raw.shape[2] == 4 else None
        values = values[..., :3] if raw.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
        way = "pillow-heif, 16 bits"
    else:
        return None
    profile = image.info.get("icc_profile")
    if not profile or "cICP" in parts:
        return values, alpha, way
    gray = parts and raw.shape[2] < 3
    rounded = Image.fromarray(np.round(values * 255).astype(np.uint8))
    shown = through_profile(rounded.convert("L") if gray else rounded, profile)
    return (values if shown is None else floats(shown)), alpha, f"{way}, LittleCMS"


def eight_bits(image, parts):
    """Through Pillow and, where there is a profile that fits, LittleCMS."""
    profile = image.info.get("icc_profile") if "cICP" not in parts else None
    frame = image.tile[0].extents if image.format == "GIF" else None
    clear = "transparency" in image.info or image.mode in ("LA", "RGBA", "PA", "RGBa", "La")
    alpha = np.asarray(image.convert("RGBA"))[..., 3] / 255 if clear else None
    if frame and frame != (0, 0, *image.size):
        # Pillow fills the canvas outside the first frame with the background colour; browsers leave it clear.
        left, top, right, bottom = frame
        inside = np.zeros(image.size[::-1])
        inside[top:bottom, left:right] = 1
        alpha = inside if alpha is None else alpha * inside
    plain = {"1": "L", "LA": "L", "I;16": "L", "P": "RGB", "PA": "RGB", "RGBA": "RGB"}.get(image.mode, image.mode)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    image = image.convert(plain)
    if profile:
        shown = through_profile(image, profile)
        if shown is not None:
            return floats(shown), alpha, "Pillow, LittleCMS"
    return floats(image.convert("RGB")), alpha, "Pillow"


def through_profile(image, profile):
    """None where the profile does not parse or is of another colour space than the samples."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}.get(image.mode) != space:
            return None
        intent, flags = ImageCms.Intent.PERCEPTUAL, ImageCms.Flags.HIGHRESPRECALC
        return ImageCms.profileToProfile(image, source, SRGB, intent, "RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError):
        return None


def floats(image):
    return np.asarray(image, np.float32) / 255


def over_white(samples, alpha):
    if alpha is not None:
        samples = samples * alpha[..., None] + (1 - alpha[..., None])
    return np.round(samples * 255).astype(np.uint8)
