"""An endpoint in FastAPI that takes a picture as the body, or as a part of a form.

Run it with `uvicorn fastapi_app:app`, and try it:

    curl -X PUT --data-binary @photo.heic http://127.0.0.1:8000/background
    curl -X POST -F file=@photo.heic http://127.0.0.1:8000/background
"""

from typing import Any

from fastapi import FastAPI, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from image_ingest import Background, Ingest, IngestError, ServiceError, Upload

app = FastAPI()
INGEST = Ingest(max_bytes=10_485_760, deadline=5.0)
STORED: dict[str, Background] = {}


@app.exception_handler(IngestError)
async def refused(_request: Request, error: IngestError) -> JSONResponse:
    """The sender's fault is 4xx, ours 503."""
    if isinstance(error, ServiceError):
        status = 503
    else:
        status = 413 if error.code == "too_large" else 422
    body = {"code": error.code, "message": str(error), "limit": error.limit, "actual": error.actual}
    return JSONResponse({"error": body}, status_code=status)


async def stored(upload: Upload) -> dict[str, Any]:
    # Ingesting takes CPU time: on a thread, where it holds up neither the event loop nor other threads.
    background = await run_in_threadpool(INGEST.ingest, upload.finish())
    STORED[background.id] = background
    return {"id": background.id, "width": background.width, "height": background.height}


@app.put("/background")
async def put_background(request: Request) -> dict[str, Any]:
    """Takes the body as it arrives: what is no picture, or too large, ends the request at once."""
    upload = INGEST.upload()
    async for chunk in request.stream():
        upload.push(chunk)
    return await stored(upload)


@app.post("/background")
async def post_background(file: UploadFile) -> dict[str, Any]:
    """Takes a part of a form, which FastAPI has in a temporary file by then."""
    upload = INGEST.upload()
    while chunk := await file.read(1 << 18):
        upload.push(chunk)
    return await stored(upload)
