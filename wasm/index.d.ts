/** What an upload may be. */
export type Upload = Blob | ArrayBuffer | ArrayBufferView;

/** What to compile in place of the package's own file, such as a URL on another host. */
export type ModuleSource = URL | string | Response | BufferSource | WebAssembly.Module;

/** What is left out has the library's default. */
export interface Options {
  /** Longer side of the result in pixels, 1–16 383; smaller pictures are never enlarged. Default 2048. */
  maxEdge?: number;
  /** Width and height of the result, cropped at its centre, in place of `maxEdge`. */
  cover?: [width: number, height: number];
  /** Of the JPEG, 1–100. Default 85. */
  quality?: number;
  /** The colour under transparent pixels: red, green, blue, 0–255. Default white. */
  matte?: [red: number, green: number, blue: number];
  /** Bytes of an upload. Default 10 MiB. */
  maxBytes?: number;
  /** Stored pixels of an upload. Default 220 000 000. */
  maxPixels?: number;
  /** Further sizes from the same decode, by name: `{ card: 'fit:640', thumb: 'cover:256x256@0.5,0.3:jpeg80' }`. */
  renditions?: Record<string, string>;
  /** Whether the receipt has {@link Facts}. Default false. */
  facts?: boolean;
}

/** How far a call of an {@link IngestWorker} is: `done` of `total`, bytes while it is `reading`. */
export interface Progress {
  phase: 'reading' | 'loading' | 'ingesting' | 'done';
  done: number;
  total: number;
}

/** Options of a call in a worker. */
export interface WorkerOptions extends Options {
  /** Ends the call with `cancelled`, and the worker with it. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** A canonical image. */
export interface Background {
  /** The JPEG. */
  bytes: Uint8Array<ArrayBuffer>;
  /** `obj_…`, BLAKE3 of `bytes`. */
  id: string;
  /** `src_…`, BLAKE3 of the upload. */
  sourceId: string;
  width: number;
  height: number;
  mediaType: string;
  receipt: Receipt;
  /** By the names that the options gave them. */
  renditions: Record<string, Rendition>;
}

/** A further size. */
export interface Rendition {
  bytes: Uint8Array<ArrayBuffer>;
  /** `obj_…`, BLAKE3 of `bytes`. */
  id: string;
  width: number;
  height: number;
  mediaType: string;
}

/** What a product wants to know about a picture besides its bytes. */
export interface Facts {
  /** Base64, as `thumbhash` on npm takes it. */
  thumbhash: string;
  /** 64 hexadecimal digits. */
  pdq: string;
  pdq_quality: number;
  /** `#rrggbb`. */
  average: string;
  dominant: string;
  /** 0–1. */
  luminance: number;
  /** Whether black text reads better on most of it than white. */
  high_key: boolean;
}

/** What was done to an upload. */
export interface Receipt {
  source: {
    format: 'jpeg' | 'png' | 'gif' | 'webp' | 'heic';
    bytes: number;
    width: number;
    height: number;
    coded_size: { width: number; height: number };
    orientation: number;
    exif_orientation_ignored: number | null;
    coding: string;
    channels: string;
    bit_depth: number;
    color: string;
  };
  color_conversion: string;
  frames_dropped: number;
  alpha_composed: boolean;
  dct_scale_divisor: number;
  memory_bytes: number;
  timings: Record<string, number>;
  facts: Facts | null;
}

/** What an upload's header says, and what ingesting the upload would give. */
export interface Inspection {
  sourceId: string;
  format: Receipt['source']['format'];
  /** As displayed. */
  width: number;
  height: number;
  canonicalWidth: number;
  canonicalHeight: number;
  bytes: number;
  memoryBytes: number;
}

/** Why there is no image. */
export class IngestError extends Error {
  /** Stable, such as `unknown_format`, `truncated`, `too_large` or `cancelled`. */
  code: string;
  /** Whether other bytes would do. */
  blame: 'upload' | 'service';
  /** The limit that was broken, and the value that broke it. */
  limit: number | null;
  actual: number | null;
}

/** Compiles the module ahead of the first call on this thread. */
export function load(from?: ModuleSource): Promise<void>;

/**
 * Ingests on this thread, which is busy meanwhile.
 * @throws {IngestError} for an upload that is refused
 * @throws {TypeError} for options that are none
 */
export function ingest(upload: Upload, options?: Options): Promise<Background>;

/** Reads an upload's header: no pixel is decoded. */
export function inspect(upload: Upload, options?: Options): Promise<Inspection>;

/** A worker of its own, which takes one call after the other and is started by the first. */
export class IngestWorker {
  /** @param from another worker file than the package's, and another module */
  constructor(from?: { url?: URL | string; module?: ModuleSource });
  ingest(upload: Upload, options?: WorkerOptions): Promise<Background>;
  inspect(upload: Upload, options?: WorkerOptions): Promise<Inspection>;
  /** Ends the worker and the call that it works on, with `cancelled`. A later call starts another worker. */
  terminate(): void;
}
