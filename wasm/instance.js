// One instance of the module: writes an upload into its memory, calls it and reads what it gives.

/** Why there is no image. `code` is stable; `blame` is `upload` where other bytes would do, else `service`. */
export class IngestError extends Error {
  /** @param {{ code: string, blame: string, message: string, limit?: number | null, actual?: number | null }} refusal */
  constructor({ code, blame, message, limit = null, actual = null }) {
    super(message);
    this.name = 'IngestError';
    Object.assign(this, { code, blame, limit, actual });
  }

  /** What crosses from a worker, where an error would lose its fields. */
  toJSON() {
    const { code, blame, message, limit, actual } = this;
    return { code, blame, message, limit, actual };
  }
}

/** The error of a call that a signal ended. */
export function cancelled() {
  return new IngestError({ code: 'cancelled', blame: 'service', message: 'the call was cancelled' });
}

/** An instance, made anew after a trap: what a panic leaves behind must not be used. */
export class Instance {
  #module;
  #exports;

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.#module = module;
  }

  /**
   * Calls `ingest` or `inspect`.
   * @param {'ingest' | 'inspect'} name
   * @param {Uint8Array} upload
   * @param {object} options
   */
  call(name, upload, options) {
    try {
      this.#exports ??= new WebAssembly.Instance(this.#module).exports;
      return this.#called(this.#exports, name, upload, options);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
      this.#exports = undefined;
      throw new IngestError({ code: 'internal', blame: 'service', message: `the module stopped: ${error.message}` });
    }
  }

  #called(exports, name, upload, options) {
    const text = new TextEncoder().encode(JSON.stringify(options));
    write(exports, exports.options_room(text.length), text);
    write(exports, exports.upload_room(upload.length), upload);
    const isAccepted = exports[name]() === 1;
    const answer = JSON.parse(new TextDecoder().decode(view(exports, exports.answer(), exports.answer_len())));
    if (isAccepted && name === 'ingest') takeFiles(exports, answer);
    exports.forget();
    if (isAccepted) return answer;
    throw answer.code === 'options' ? new TypeError(answer.message) : new IngestError(answer);
  }
}

/** Copies the bytes out of memory; renditions become an object of their names. */
function takeFiles(exports, answer) {
  const file = (number) => view(exports, exports.file(number), exports.file_len(number)).slice();
  answer.bytes = file(0);
  const named = answer.renditions.map(({ name, ...rendition }, i) => [name, { ...rendition, bytes: file(i + 1) }]);
  answer.renditions = Object.fromEntries(named);
}

function write(exports, at, bytes) {
  if (at === 0 && bytes.length > 0) {
    throw new IngestError({ code: 'out_of_memory', blame: 'service', message: `no memory for ${bytes.length} bytes` });
  }
  view(exports, at, bytes.length).set(bytes);
}

/** Memory moves when it grows, so views are made anew. Addresses are unsigned. */
function view(exports, at, length) {
  return new Uint8Array(exports.memory.buffer, at >>> 0, length);
}
