"""The values of image_ingest: they never change, compare by their fields, and pickle."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Size(NamedTuple):
    """Width and height in pixels.

    >>> Size(640, 480).width
    640
    """

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """An upload as its header describes it.

    >>> source = Ingest().ingest(picture).receipt.source
    >>> source.format, source.width, source.height, source.coded_size
    ('jpeg', 480, 360, Size(width=360, height=480))
    """

    format: str
    """The container: 'jpeg', 'png', 'gif', 'webp' or 'heic'."""
    bytes: int
    """Bytes uploaded."""
    width: int
    """Width as displayed, before any reduction."""
    height: int
    """Height as displayed, before any reduction."""
    coded_size: Size
    """Width and height as stored."""
    orientation: int
    """The turn that was applied, as an Exif value 1-8."""
    exif_orientation_ignored: int | None
    """An Exif value 2-8 that was not applied, in some HEIF files."""
    coding: str
    """How the payload is coded, such as 'progressive' or 'hevc'."""
    channels: str
    """Components as stored, such as 'ycbcr'."""
    bit_depth: int
    """Bits per sample."""
    color: str
    """The kind of colour description: 'srgb', 'icc', 'cicp', 'gamma' or 'adobe_rgb'."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall-clock time by stage, in milliseconds.

    >>> Timings(0.5, 8.0, 1.0, 2.0, 0.75, 0.25, 0.5).total_ms
    13.0
    """

    probe_ms: float
    """Joining chunks, probing and planning."""
    decode_ms: float
    """Decoding."""
    canonicalise_ms: float
    """Reducing, converting, composing, turning."""
    encode_ms: float
    """Encoding."""
    renditions_ms: float
    """Reducing, encoding and naming renditions."""
    facts_ms: float
    """Collecting facts."""
    content_id_ms: float
    """Computing the content id."""

    @property
    def total_ms(self) -> float:
        """All stages together."""
        made = self.probe_ms + self.decode_ms + self.canonicalise_ms + self.encode_ms + self.content_id_ms
        return made + self.renditions_ms + self.facts_ms


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an upload was and what was done to it. The only metadata in it is the orientation.

    >>> receipt = Ingest().ingest(picture).receipt
    >>> receipt.color_conversion, receipt.frames_dropped, receipt.alpha_composed
    ('none', 0, False)
    """

    source: SourceFacts
    """The upload as its header describes it."""
    color_conversion: str
    """How samples were converted to sRGB, such as 'none', 'icc' or 'tone_mapped'."""
    frames_dropped: int
    """Frames of an animation that are not in the result."""
    alpha_composed: bool
    """Whether transparent pixels were composed over the matte."""
    dct_scale_divisor: int
    """The DCT scale of the decode: 1, 2, 4 or 8 for 1/1 to 1/8."""
    memory_bytes: int
    """Peak memory as estimated before decoding, in bytes."""
    timings: Timings = field(compare=False)
    """Time by stage. It does not count when receipts are compared."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A further size of a picture, made from the canonical samples.

    >>> Ingest(renditions={"thumb": "cover:64x64:jpeg70"}).ingest(picture).renditions["thumb"].height
    64
    """

    bytes: bytes = field(repr=False)
    """The encoded bytes."""
    id: str
    """'obj_' and BLAKE3 of `bytes`, in hex."""
    width: int
    """Width in pixels: that of the specification, or less where the canonical image is smaller."""
    height: int
    """Height in pixels."""
    media_type: str
    """The media type of `bytes`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a product wants to know about a picture besides its bytes; of the upright, opaque picture in sRGB.

    >>> facts = Ingest(facts=True).ingest(picture).facts
    >>> len(facts.thumbhash) <= 25, len(facts.pdq), facts.average[0]
    (True, 64, '#')
    """

    thumbhash: bytes
    """A placeholder to show while the picture loads, in the format of ThumbHash."""
    pdq: str
    """The perceptual hash, in 64 hex digits."""
    pdq_quality: int
    """How much the picture has to tell it by, 0-100; hashes of a quality below 50 should not be compared."""
    average: str
    """The mean colour, '#rrggbb'."""
    dominant: str
    """The mean of the colours that most of the picture is near to, '#rrggbb'."""
    luminance: float
    """The mean relative luminance, 0-1."""
    high_key: bool
    """Whether black text reads better than white text on most of the picture."""


@dataclass(frozen=True, slots=True)
class Background:
    """A canonical image, encoded and named.

    >>> background = Ingest().ingest(picture)
    >>> background.width, background.height, background.media_type, len(background.bytes)
    (480, 360, 'image/jpeg', 40546)
    """

    bytes: bytes = field(repr=False)
    """The canonical bytes."""
    id: str
    """'obj_' and BLAKE3 of `bytes`, in hex: `b3sum` verifies a stored file."""
    source_id: str
    """'src_' and BLAKE3 of the upload, in hex."""
    width: int
    """Upright width in pixels."""
    height: int
    """Upright height in pixels."""
    media_type: str
    """The media type of `bytes`: 'image/jpeg' or 'image/webp'."""
    receipt: Receipt
    """What was done."""
    fingerprint: str
    """`Ingest.fingerprint` of the ingest that made it."""
    renditions: dict[str, Rendition] = field(default_factory=dict, hash=False, repr=False)
    """The renditions that were asked for, by their names."""
    facts: Facts | None = None
    """The facts of the picture, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """The canonical image that a caller already has, for `Ingest.ingest_if_changed`.

    >>> background = Ingest().ingest(picture)
    >>> Known(background.id, background.fingerprint).source_id is None
    True
    """

    id: str
    """The id of the canonical image."""
    fingerprint: str
    """`Ingest.fingerprint` at the time when it was made."""
    source_id: str | None = None
    """The id of the upload that it came from, where that is known."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What `Ingest.ingest_if_changed` returns where the canonical image is the known one.

    >>> Unchanged("src_00").source_id
    'src_00'
    """

    source_id: str
    """The id of the upload, which may be another than the known one."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an upload's header says, and what ingesting the upload would give and cost.

    >>> inspection = Ingest(max_edge=32).inspect(picture)
    >>> inspection.orientation, inspection.bit_depth, inspection.frames
    (6, 8, 1)
    """

    source_id: str
    """'src_' and BLAKE3 of the upload, in hex."""
    format: str
    """The container: 'jpeg', 'png', 'gif', 'webp' or 'heic'."""
    bytes: int
    """Bytes uploaded."""
    width: int
    """Width as displayed."""
    height: int
    """Height as displayed."""
    coded_size: Size
    """Width and height as stored."""
    orientation: int
    """The turn that ingesting applies, as an Exif value 1-8."""
    exif_orientation_ignored: int | None
    """An Exif value 2-8 that ingesting does not apply, in some HEIF files."""
    coding: str
    """How the payload is coded, such as 'progressive' or 'hevc'."""
    channels: str
    """Components as stored, such as 'ycbcr'."""
    bit_depth: int
    """Bits per sample."""
    has_alpha: bool
    """Whether pixels may be transparent."""
    color: str
    """The kind of colour description: 'srgb', 'icc', 'cicp', 'gamma' or 'adobe_rgb'."""
    frames: int
    """Frames, of which the first is ingested."""
    canonical_size: Size
    """Width and height that ingesting would give."""
    memory_bytes: int
    """Peak memory that ingesting is estimated to need, in bytes."""


for _value in (Size, SourceFacts, Timings, Receipt, Rendition, Facts, Background, Known, Unchanged, Inspection):
    _value.__module__ = "image_ingest"
