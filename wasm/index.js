// image-ingest for JavaScript: on this thread, or in a worker with progress and abort.
import { IngestError, Instance, cancelled } from './instance.js';
import { compile } from './load.js';

export { IngestError };

let shared;

/**
 * Compiles the module ahead of the first call, or another one than the package's file.
 * @param {Parameters<typeof compile>[0]} [from]
 */
export async function load(from) {
  shared = compile(from).then((module) => new Instance(module));
  shared.catch(() => (shared = undefined));
  await shared;
}

/** Ingests on this thread, which is busy meanwhile: some hundred milliseconds for a photo. */
export async function ingest(input, options = {}) {
  return called('ingest', input, options);
}

/** Reads an upload's header: no pixel is decoded. */
export async function inspect(input, options = {}) {
  return called('inspect', input, options);
}

async function called(name, input, options) {
  if (!shared) await load();
  return (await shared).call(name, await bytesOf(input), options);
}

/** A worker of its own, which takes one call after the other. */
export class IngestWorker {
  #url;
  #module;
  #worker;
  #last = Promise.resolve();

  /** @param {{ url?: URL | string, module?: Parameters<typeof compile>[0] }} [from] */
  constructor({ url = new URL('./worker.js', import.meta.url), module } = {}) {
    this.#url = url;
    this.#module = module;
  }

  ingest(input, options) {
    return this.#queued('ingest', input, options);
  }

  inspect(input, options) {
    return this.#queued('inspect', input, options);
  }

  /** Ends the worker. Calls that wait or come later get a new one. */
  terminate() {
    this.#worker?.end(cancelled());
    this.#worker = undefined;
  }

  #queued(name, input, options = {}) {
    const call = this.#last.then(() => this.#call(name, input, options));
    this.#last = call.catch(() => {});
    return call;
  }

  async #call(name, input, { signal, onProgress, ...options }) {
    const tell = (phase, done, total) => onProgress?.({ phase, done, total });
    if (signal?.aborted) throw cancelled();
    const upload = await bytesOf(input, (done, total) => tell('reading', done, total), signal);
    tell('loading', 0, 1);
    // Compiled once; a worker that takes an ended one's place gets the same module.
    this.#module = await compile(this.#module);
    if (signal?.aborted) throw cancelled();
    this.#worker ??= await startWorker(this.#url, this.#module);
    const worker = this.#worker;
    const stop = () => this.terminate();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      tell('ingesting', 0, 1);
      const answer = await worker.call({ name, upload, options });
      tell('done', 1, 1);
      return answer;
    } catch (error) {
      // A worker that failed is not used again.
      if (error.code === 'internal') this.terminate();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }
}

/** The bytes of what a caller hands over; chunks of a Blob or stream are told as they come. */
async function bytesOf(input, tell = () => {}, signal = undefined) {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (typeof Blob === 'undefined' || !(input instanceof Blob)) {
    throw new TypeError('an upload is a Blob, an ArrayBuffer or a view of one');
  }
  const bytes = new Uint8Array(input.size);
  let done = 0;
  const reader = input.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (signal?.aborted) {
      await reader.cancel();
      throw cancelled();
    }
    bytes.set(part.value, done);
    done += part.value.length;
    tell(done, input.size);
  }
  return bytes;
}

/** Starts a Web Worker, or a worker thread of Node, which has Web Workers only in Deno and Bun. */
async function startWorker(url, module) {
  const isNode = typeof Worker === 'undefined';
  const Thread = isNode ? (await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads')).Worker : Worker;
  const thread = new Thread(url, { type: 'module' });
  let waiting;
  const settle = (settled) => {
    const { resolve, reject } = waiting ?? {};
    waiting = undefined;
    if (resolve) settled(resolve, reject);
  };
  const answered = ({ answer, refusal, usage }) =>
    settle((resolve, reject) => {
      if (answer) resolve(answer);
      else reject(usage ? new TypeError(usage) : new IngestError(refusal));
    });
  const failed = (event) => {
    const message = `the worker failed: ${event.message ?? event}`;
    settle((_, reject) => reject(new IngestError({ code: 'internal', blame: 'service', message })));
  };
  if (isNode) {
    thread.on('message', answered);
    thread.on('error', failed);
    // A worker that waits keeps no process alive.
    thread.unref();
  } else {
    thread.onmessage = (event) => answered(event.data);
    thread.onerror = failed;
  }
  return {
    call(request) {
      if (isNode) thread.ref();
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        thread.postMessage({ ...request, module });
      }).finally(() => isNode && thread.unref());
    },
    end(error) {
      thread.terminate();
      settle((_, reject) => reject(error));
    },
  };
}
