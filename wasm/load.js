// Compiles the module: the build with SIMD where the engine has it, else the plain one. Both give the same bytes.

/** The smallest module with an instruction of SIMD: a function of type () → v128. */
const WITH_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** Where the module lies beside this file. */
export function moduleUrl() {
  return new URL(WebAssembly.validate(WITH_SIMD) ? './image_ingest_simd.wasm' : './image_ingest.wasm', import.meta.url);
}

/**
 * Compiles a module.
 * @param {URL | string | Response | BufferSource | WebAssembly.Module} [from] what to compile; the package's own file
 *   where it is left out
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compile(from = moduleUrl()) {
  if (from instanceof WebAssembly.Module) return from;
  if (from instanceof ArrayBuffer || ArrayBuffer.isView(from)) return WebAssembly.compile(from);
  if (typeof Response !== 'undefined' && from instanceof Response) return ofResponse(from);
  const url = new URL(from, import.meta.url);
  // fetch reads no files in Node.
  return url.protocol === 'file:' ? WebAssembly.compile(await readFile(url)) : ofResponse(await fetch(url));
}

async function ofResponse(response) {
  if (!response.ok) throw new Error(`the module of image-ingest cannot be had: ${response.status} ${response.url}`);
  // Compiling while it comes needs the media type, which not every server sends.
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm');
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

async function readFile(url) {
  if (typeof Deno !== 'undefined') return Deno.readFile(url);
  const fs = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:fs/promises');
  return fs.readFile(url);
}
