"""Several JPEGs of one picture by pyvips, each by `thumbnail_buffer`. usage: pyvips_renditions.py RUNS FILE WxH..."""

import os

os.environ["VIPS_CONCURRENCY"] = "1"

import json
import statistics
import sys
import time
from pathlib import Path

import pyvips

pyvips.cache_set_max(0)


def main(runs, file, *sizes):
    data = Path(file).read_bytes()
    sizes = [tuple(map(int, size.split("x"))) for size in sizes]
    made = job(data, sizes)
    cpu = [timed(data, sizes) for _ in range(int(runs))]
    version = f"pyvips {pyvips.__version__} (libvips {'.'.join(str(pyvips.version(i)) for i in range(3))})"
    line = {"peer": "pyvips", "versions": version, "file": Path(file).name, "cpu_ms_median": statistics.median(cpu)}
    print(json.dumps(line | {"out_bytes": [len(bytes) for bytes in made]}))


def job(data, sizes):
    tagged = pyvips.Image.new_from_buffer(data, "").get_typeof("icc-profile-data") != 0
    convert = {"output_profile": "srgb"} if tagged else {}
    return [encoded(data, width, height, convert) for width, height in sizes]


def encoded(data, width, height, convert):
    image = pyvips.Image.thumbnail_buffer(data, width, height=height, crop="centre", fail_on="error", **convert)
    if image.hasalpha():
        image = image.flatten(background=255)
    return image.jpegsave_buffer(Q=85, subsample_mode="on", keep="none")


def timed(data, sizes):
    cpu = time.process_time()
    job(data, sizes)
    return (time.process_time() - cpu) * 1e3


main(*sys.argv[1:])
