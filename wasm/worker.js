// The other side of an IngestWorker: answers one message after the other.
import { IngestError, Instance } from './instance.js';

let instance;

/** What a message comes to, and what of it is moved and not copied. */
function answered({ name, upload, options, module }) {
  try {
    instance ??= new Instance(module);
    const answer = instance.call(name, upload, options);
    const files = name === 'ingest' ? [answer, ...Object.values(answer.renditions)] : [];
    return [{ answer }, files.map(({ bytes }) => bytes.buffer)];
  } catch (error) {
    if (error instanceof IngestError) return [{ refusal: error.toJSON() }, []];
    return [{ usage: error.message }, []];
  }
}

if (typeof self !== 'undefined' && typeof self.postMessage === 'function') {
  self.onmessage = ({ data }) => self.postMessage(...answered(data));
} else {
  const { parentPort } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads');
  parentPort.on('message', (data) => parentPort.postMessage(...answered(data)));
}
