"""An endpoint in Django, in one file, whose upload handler refuses before the body has ended.

Run it with `python django_app.py runserver`, and try it:

    curl -F background=@photo.heic http://127.0.0.1:8000/background
"""

import sys
from typing import Any

from django.conf import settings

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost", "testserver"],
        DEBUG=False,
        FILE_UPLOAD_HANDLERS=["django_app.BackgroundHandler"],
        ROOT_URLCONF="django_app",
    )

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.core.management import execute_from_command_line
from django.http import HttpRequest, JsonResponse
from django.urls import path
from image_ingest import Background, Ingest, IngestError, Source, Upload

INGEST = Ingest(max_bytes=10_485_760, deadline=5.0)
STORED: dict[str, Background] = {}


class SourceFile(UploadedFile):  # type: ignore[misc]
    """A part of a form that is a complete upload, or was refused."""

    source: Source | None = None


class BackgroundHandler(FileUploadHandler):  # type: ignore[misc]
    """Hashes and recognises each file while it arrives. Nothing is written to disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.upload: Upload = INGEST.upload()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            self.upload.push(raw_data)
        except IngestError as error:
            self.request.refused = error
            raise StopUpload(connection_reset=True) from error

    def file_complete(self, file_size: int) -> SourceFile:
        file = SourceFile(name=self.file_name, content_type=self.content_type, size=file_size)
        try:
            file.source = self.upload.finish()
        except IngestError as error:
            self.request.refused = error
        return file


def background(request: HttpRequest) -> JsonResponse:
    """Stores the form's picture and answers with its id."""
    file = request.FILES.get("background")
    try:
        if refused := getattr(request, "refused", None):
            raise refused
        if file is None:
            return JsonResponse({"error": {"code": "missing", "message": "no part named background"}}, status=400)
        made = INGEST.ingest(file.source)
    except IngestError as error:
        status = 503 if error.blame == "service" else 422
        return JsonResponse({"error": {"code": error.code, "message": str(error)}}, status=status)
    STORED[made.id] = made
    return JsonResponse({"id": made.id, "width": made.width, "height": made.height})


urlpatterns = [path("background", background)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
