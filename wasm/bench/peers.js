// CPU time from an upload's bytes to a JPEG of at most 2048 pixels, quality 85, by this package and by others that are
// WebAssembly: wasm-vips, and heic-decode (libheif) with wasm-vips for what comes after decoding. All in one process, in
// turns, on one thread each; the least of RUNS (7).
// usage: node peers.js FILE...
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import decodeHeic from 'heic-decode';
import Vips from 'wasm-vips';
import { Instance } from '../instance.js';
import { compile } from '../load.js';

const RUNS = Number(process.env.RUNS ?? 7);
const instance = new Instance(await compile());
const vips = await Vips();
vips.concurrency(1);
vips.Cache.max(0);

const saved = (image) => {
  const opaque = image.hasAlpha() ? image.flatten({ background: [255, 255, 255] }) : image;
  const jpeg = opaque.jpegsaveBuffer({ Q: 85, keep: 'none' });
  new Set([opaque, image]).forEach((used) => used.delete());
  return jpeg;
};
const jobs = {
  'image-ingest': async (bytes) => instance.call('ingest', bytes, {}).bytes,
  'wasm-vips': async (bytes) => saved(vips.Image.thumbnailBuffer(bytes, 2048, { height: 2048, size: 'down', output_profile: 'srgb' })),
  'heic-decode and wasm-vips': async (bytes) => {
    const { width, height, data } = await decodeHeic({ buffer: bytes });
    const image = vips.Image.newFromMemory(data, width, height, 4, 'uchar').copy({ interpretation: 'srgb' });
    return saved(image.thumbnailImage(2048, { height: 2048, size: 'down' }));
  },
};

async function timed(job, bytes) {
  const used = process.cpuUsage();
  const jpeg = await job(bytes);
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) throw new Error('no JPEG');
  const { user, system } = process.cpuUsage(used);
  return (user + system) / 1e3;
}

for (const file of process.argv.slice(2)) {
  const bytes = new Uint8Array(readFileSync(file));
  const least = {};
  for (let run = 0; run <= RUNS; run++) {
    for (const [name, job] of Object.entries(jobs)) {
      const ms = await timed(job, bytes).catch(() => Infinity);
      // The first run compiles.
      if (run > 0) least[name] = Math.min(least[name] ?? Infinity, ms);
    }
  }
  const { 'image-ingest': ours, ...others } = least;
  const best = Math.min(...Object.values(others));
  const others_ms = Object.entries(others).map(([name, ms]) => `${name} ${Number.isFinite(ms) ? ms.toFixed(0) : 'refused'}`);
  console.log(`${basename(file)}: ${ours.toFixed(0)} ms, ${others_ms.join(', ')}; best other ÷ ours ${(best / ours).toFixed(2)}`);
}
process.exit(0);
