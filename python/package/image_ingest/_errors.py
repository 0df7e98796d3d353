"""The errors of image_ingest. They pickle, so that workers in other processes can raise them."""

from typing import ClassVar, Literal


class IngestError(Exception):
    """An upload that was refused, or could not be ingested.

    `code` is stable: codes are added, never renamed. `blame` says who must act. Where a limit refused, `limit` and
    `actual` are its value and the upload's: bytes, pixels, counts, or milliseconds for a deadline.

    >>> from image_ingest import Ingest, IngestError
    >>> try:
    ...     Ingest(max_pixels=1000).ingest(picture)
    ... except IngestError as error:
    ...     print(error.code, error.blame, error.limit, error.actual)
    too_many_pixels upload 1000 172800
    """

    __module__ = "image_ingest"

    blame: ClassVar[Literal["upload", "service"]]
    message: str
    code: str
    limit: int | None
    actual: int | None

    def __init__(self, message: str, code: str, limit: int | None = None, actual: int | None = None) -> None:
        super().__init__(message, code, limit, actual)
        self.message = message
        self.code = code
        self.limit = limit
        self.actual = actual

    def __str__(self) -> str:
        return self.message


class UploadError(IngestError):
    """The sender must act: another attempt with the same bytes fails again.

    Codes: empty, too_large, unknown_format, unsupported, malformed, truncated, too_many_pixels, limit_exceeded, deadline.

    >>> from image_ingest import Ingest, UploadError
    >>> try:
    ...     Ingest().ingest(b"<html>")
    ... except UploadError as error:
    ...     print(error.code, error.blame)
    unknown_format upload
    """

    __module__ = "image_ingest"

    blame = "upload"


class ServiceError(IngestError):
    """The service must act: the same bytes may succeed later or elsewhere.

    Codes: out_of_memory, cancelled, internal.

    >>> from image_ingest import ServiceError
    >>> ServiceError("cancelled by its caller", "cancelled").blame
    'service'
    """

    __module__ = "image_ingest"

    blame = "service"
