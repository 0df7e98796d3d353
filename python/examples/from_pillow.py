"""What `image_ingest` does in place of the usual code with Pillow.

`with_pillow` is what many services have. It gives no stable bytes: they change with Pillow's version, and with the machine.
"""

import hashlib
import io

from image_ingest import Ingest
from PIL import Image, ImageOps


def with_pillow(data: bytes) -> tuple[str, bytes]:
    """Without a conversion to sRGB, without HEIC, and with a bomb limit that only counts pixels."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if "A" in image.getbands():
        opaque = Image.new("RGB", image.size, "white")
        opaque.paste(image, mask=image.getchannel("A"))
        image = opaque
    image = image.convert("RGB")
    image.thumbnail((2048, 2048))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return hashlib.sha256(out.getvalue()).hexdigest(), out.getvalue()


INGEST = Ingest()


def with_image_ingest(data: bytes) -> tuple[str, bytes]:
    """Upright, sRGB, opaque, reduced; the same bytes everywhere."""
    background = INGEST.ingest(data)
    return background.id, background.bytes


def opened(data: bytes) -> Image.Image:
    """The canonical picture as an image of Pillow, for code that goes on with one."""
    return Image.open(io.BytesIO(INGEST.ingest(data).bytes))
