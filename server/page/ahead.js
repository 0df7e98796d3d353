// Makes the canonical image on the page, in a worker, by the code that the server runs: the id is known before anything is sent.
import { IngestWorker } from './index.js';

const worker = new IngestWorker();

/**
 * What becomes of a file: `background` with its bytes and id, or the `refusal` that the server would answer. Neither where the
 * module stopped (another instance takes its place) or cannot be had: then the server decides.
 */
window.ahead = async (file, maxBytes, onProgress) => {
  try {
    return { background: await worker.ingest(file, { maxBytes, onProgress }) };
  } catch (error) {
    return error.blame === 'upload' ? { refusal: error } : {};
  }
};
