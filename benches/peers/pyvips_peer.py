"""The job by pyvips, with the libvips of its wheel: `thumbnail_buffer`, which reduces while it decodes."""

import os

os.environ["VIPS_CONCURRENCY"] = "1"

import pyvips

import measure

pyvips.cache_set_max(0)
VERSIONS = f"pyvips {pyvips.__version__} (libvips {'.'.join(str(pyvips.version(i)) for i in range(3))})"


def job(data):
    # A conversion that is asked for where there is no profile costs a pass through LittleCMS for nothing.
    tagged = pyvips.Image.new_from_buffer(data, "").get_typeof("icc-profile-data") != 0
    convert = {"output_profile": "srgb"} if tagged else {}
    image = pyvips.Image.thumbnail_buffer(data, 2048, height=2048, size="down", fail_on="error", **convert)
    if image.hasalpha():
        image = image.flatten(background=255)
    encoded = image.jpegsave_buffer(Q=85, subsample_mode="on", keep="none")
    return encoded, (image.width, image.height)


measure.main("pyvips", VERSIONS, job)
