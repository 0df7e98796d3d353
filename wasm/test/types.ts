// Compiled and never run: what a caller writes has the types that it should.
import { type Background, IngestError, IngestWorker, type Inspection, ingest, inspect, load } from '../index.js';

export async function all(file: File, bytes: Uint8Array): Promise<string> {
  await load(new URL('https://example.com/image_ingest.wasm'));
  const background: Background = await ingest(bytes, { maxEdge: 1280, matte: [255, 255, 255] });
  const inspection: Inspection = await inspect(bytes.buffer as ArrayBuffer);
  const worker = new IngestWorker();
  const controller = new AbortController();
  try {
    const { id } = await worker.ingest(file, {
      cover: [1170, 2532],
      renditions: { card: 'fit:640' },
      facts: true,
      signal: controller.signal,
      onProgress: ({ phase, done, total }) => `${phase} ${done / total}`,
    });
    return id + inspection.format + background.receipt.source.format + background.bytes.byteLength;
  } catch (error) {
    if (error instanceof IngestError && error.blame === 'upload') return error.code;
    throw error;
  } finally {
    worker.terminate();
  }
}

// @ts-expect-error an option that there is not
void ingest(new Uint8Array(), { maxedge: 3 });
// @ts-expect-error a path is no upload
void ingest('photo.jpg');
