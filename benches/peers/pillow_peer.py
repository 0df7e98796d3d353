"""The job by Pillow, with pillow-heif: a reduced JPEG decode (draft), Lanczos with its usual gap, ICC by LittleCMS."""

import io

import pillow_heif
from PIL import Image, ImageCms, ImageOps, features
from PIL.Image import Resampling

import measure

pillow_heif.register_heif_opener(thumbnails=False)
pillow_heif.options.DECODE_THREADS = 1
Image.MAX_IMAGE_PIXELS = None
EDGE = (2048, 2048)
SRGB = ImageCms.createProfile("sRGB")
VERSIONS = f"Pillow {Image.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')}), pillow-heif {pillow_heif.__version__}"


def job(data):
    image = Image.open(io.BytesIO(data))
    profile = image.info.get("icc_profile")
    image.draft("L" if image.mode == "L" else "RGB", EDGE)
    orientation = image.getexif().get(0x0112, 1)
    image = with_alpha(image)
    image.thumbnail(EDGE, Resampling.LANCZOS, reducing_gap=3.0)
    image = in_srgb(over_white(image), profile)
    image.getexif()[0x0112] = orientation
    ImageOps.exif_transpose(image, in_place=True)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=85, subsampling="4:2:0", exif=b"", icc_profile=None)
    return encoded.getvalue(), image.size


def with_alpha(image):
    clear = image.mode in ("P", "PA", "LA") or "transparency" in image.info
    return image.convert("RGBA") if clear else image


def over_white(image):
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def in_srgb(image, profile):
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
        except ImageCms.PyCMSError:
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


measure.main("Pillow", VERSIONS, job)
