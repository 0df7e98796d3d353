"""Turns an untrusted upload (JPEG, PNG, GIF, WebP or HEIC, at most 10 MiB) into one canonical image and its content id.

The result is upright, sRGB, opaque, at most 2048 pixels on its longer side, a baseline JPEG without any metadata. The same
upload gives the same bytes on every machine, and the same as the Rust crate and the command line of that name.

>>> import image_ingest
>>> background = image_ingest.Ingest().ingest(picture)
>>> background.id
'obj_ad0f4ba36c8b967d4b4a5f83f08900ea9bf6b53203b73db1a71a977b3ccc9a25'
>>> try:
...     image_ingest.Ingest().ingest(b"GIF89a")
... except image_ingest.UploadError as error:
...     print(error.code)
truncated
"""

from ._errors import IngestError, ServiceError, UploadError
from ._native import CANONICAL_VERSION, Batch, CancellationToken, Ingest, Source, Upload, self_test
from ._native import VERSION as __version__
from ._values import Background, Inspection, Known, Receipt, Size, SourceFacts, Timings, Unchanged

__all__ = [
    "CANONICAL_VERSION",
    "Background",
    "Batch",
    "CancellationToken",
    "Ingest",
    "IngestError",
    "Inspection",
    "Known",
    "Receipt",
    "ServiceError",
    "Size",
    "Source",
    "SourceFacts",
    "Timings",
    "Unchanged",
    "Upload",
    "UploadError",
    "__version__",
    "self_test",
]
