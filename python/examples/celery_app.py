"""A task of Celery that makes a stored upload canonical. Only ids pass through the broker, never pictures.

Run a worker with `celery --app celery_app worker`. `UPLOADS` and `BACKGROUNDS` are folders here; in a service they are
buckets.
"""

import os
import tempfile
from pathlib import Path

from celery import Celery
from image_ingest import Ingest, ServiceError, UploadError

app = Celery("backgrounds", broker=os.environ.get("CELERY_BROKER_URL", "memory://"), backend="cache+memory://")
INGEST = Ingest()
FOLDER = Path(os.environ.get("BACKGROUNDS_FOLDER", tempfile.gettempdir()))
UPLOADS, BACKGROUNDS = FOLDER / "uploads", FOLDER / "backgrounds"


@app.task(autoretry_for=(ServiceError,), retry_backoff=True, max_retries=5)  # type: ignore[untyped-decorator]
def make_canonical(name: str) -> dict[str, str]:
    """Stores the canonical form of an upload by its id. Another run of the same task gives the same file."""
    try:
        background = INGEST.ingest((UPLOADS / name).read_bytes())
    except UploadError as error:
        # The same bytes would fail again: this is a result, and nothing to retry.
        return {"upload": name, "code": error.code}
    BACKGROUNDS.mkdir(parents=True, exist_ok=True)
    unfinished = BACKGROUNDS / f"{background.id}.{os.getpid()}"
    unfinished.write_bytes(background.bytes)
    unfinished.replace(BACKGROUNDS / f"{background.id}.jpg")
    return {"upload": name, "code": "ok", "id": background.id}
