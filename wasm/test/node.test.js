import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { IngestError, IngestWorker, ingest, inspect } from '../index.js';
import { Instance } from '../instance.js';
import { compile } from '../load.js';
import { goldens, read, refusals } from './files.js';

const PHOTO = goldens.find(({ name }) => name.endsWith('size_1600x1200.jpg')).name;
const BUILDS = ['../image_ingest.wasm', '../image_ingest_simd.wasm'].map((file) => new URL(file, import.meta.url));

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** A module with the exports that a call begins with, both of whose functions without arguments are `unreachable`. */
const TRAPPING = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 10, 2, 96, 1, 127, 1, 127, 96, 0, 1, 127, 3, 3, 2, 0, 1, 5, 3, 1, 0, 1, 7, 58, 5,
  6, 109, 101, 109, 111, 114, 121, 2, 0, 12, 111, 112, 116, 105, 111, 110, 115, 95, 114, 111, 111, 109, 0, 0, 11,
  117, 112, 108, 111, 97, 100, 95, 114, 111, 111, 109, 0, 0, 6, 105, 110, 103, 101, 115, 116, 0, 1, 7, 105, 110, 115,
  112, 101, 99, 116, 0, 1, 10, 10, 2, 4, 0, 65, 16, 11, 3, 0, 0, 11,
]);

for (const build of BUILDS) {
  test(`every golden has its ids in ${build.pathname.split('/').pop()}`, async () => {
    const instance = new Instance(await compile(build));
    assert.ok(goldens.length > 100);
    for (const { name, sourceId, id } of goldens) {
      const background = instance.call('ingest', read(name), {});
      assert.deepEqual([background.sourceId, background.id], [sourceId, id], name);
    }
  });
}

test('a refusal has the code that every interface gives', async () => {
  assert.ok(refusals.length > 20);
  for (const { name, code } of refusals) {
    const refused = await ingest(read(name)).then(() => undefined, (error) => error);
    assert.ok(refused instanceof IngestError, `${name} is accepted`);
    assert.deepEqual([refused.code, refused.blame], [code, 'upload'], name);
  }
});

test('a background tells its size, its type and its receipt', async () => {
  const { bytes, width, height, mediaType, receipt } = await ingest(read(PHOTO), { maxEdge: 400, quality: 70 });
  assert.deepEqual([width, height, mediaType], [400, 300, 'image/jpeg']);
  assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8]);
  assert.deepEqual([receipt.source.format, receipt.source.width], ['jpeg', 1600]);
});

test('renditions and facts come from the same decode and do not change the id', async () => {
  const renditions = { card: 'fit:640', thumb: 'cover:128x128@0.5,0.3:jpeg70' };
  const worker = new IngestWorker();
  const { id, renditions: made, receipt } = await worker.ingest(read(PHOTO), { renditions, facts: true });
  worker.terminate();
  assert.equal(id, goldens.find(({ name }) => name === PHOTO).id);
  assert.deepEqual([made.card.width, made.card.height, made.thumb.width], [640, 480, 128]);
  assert.ok(made.card.id.startsWith('obj_') && made.card.bytes[0] === 0xff && made.thumb.bytes[1] === 0xd8);
  assert.match(receipt.facts.pdq, /^[0-9a-f]{64}$/);
  assert.equal(typeof receipt.facts.high_key, 'boolean');
  await assert.rejects(ingest(read(PHOTO), { renditions: { card: 'fit' } }), TypeError);
  await assert.rejects(ingest(read(PHOTO), { renditions: { 'a b': 'fit:64' } }), TypeError);
});

test('inspecting decodes nothing and says what ingesting would give', async () => {
  const { format, width, canonicalWidth, memoryBytes } = await inspect(read(PHOTO), { maxEdge: 800 });
  assert.deepEqual([format, width, canonicalWidth], ['jpeg', 1600, 800]);
  assert.ok(memoryBytes > 0);
});

test('what is no upload and no option is a TypeError', async () => {
  await assert.rejects(ingest('photo.jpg'), TypeError);
  await assert.rejects(ingest(read(PHOTO), { maxedge: 3 }), TypeError);
  await assert.rejects(ingest(read(PHOTO), { quality: 0 }), TypeError);
  await assert.rejects(ingest(read(PHOTO), { maxBytes: 10 }), { code: 'too_large', limit: 10 });
});

test('a view is read from its own first byte', async () => {
  const photo = read(PHOTO);
  const buffer = new Uint8Array(photo.length + 7);
  buffer.set(photo, 5);
  const view = new DataView(buffer.buffer, 5, photo.length);
  assert.equal((await ingest(view)).id, (await ingest(photo)).id);
});

test('a worker gives the same ids, tells progress and can be used again', async () => {
  const worker = new IngestWorker();
  const phases = [];
  const photo = read(PHOTO);
  const inWorker = worker.ingest(new Blob([photo]), { onProgress: ({ phase, done, total }) => phases.push([phase, done, total]) });
  const refused = worker.ingest(new Uint8Array([1, 2, 3])).catch((error) => error);
  assert.equal((await inWorker).id, (await ingest(photo)).id);
  assert.equal((await refused).code, 'unknown_format');
  assert.deepEqual([...new Set(phases.map(([phase]) => phase))], ['reading', 'loading', 'ingesting', 'done']);
  assert.ok(phases.some(([phase, done, total]) => phase === 'reading' && done === photo.length && total === photo.length));
  await assert.rejects(worker.ingest(photo, { quality: 'high' }), TypeError);
  assert.equal((await worker.inspect(photo)).width, 1600);
  worker.terminate();
});

test('an aborted call ends at once, and the next one gets a new worker', async () => {
  const worker = new IngestWorker();
  const largest = goldens.map(({ name }) => read(name)).reduce((a, b) => (a.length > b.length ? a : b));
  const controller = new AbortController();
  const onProgress = ({ phase }) => phase === 'ingesting' && setTimeout(() => controller.abort(), 5);
  // Ten times the same: whichever of them is under way is ended, and those behind it are not begun.
  const calls = Array.from({ length: 10 }, () => worker.ingest(largest, { signal: controller.signal, onProgress }));
  const ends = await Promise.allSettled(calls);
  assert.ok(ends.some(({ reason }) => reason?.code === 'cancelled'));
  assert.equal(ends.at(-1).reason?.code, 'cancelled');
  assert.equal((await worker.ingest(read(PHOTO))).width, 1600);
  worker.terminate();
});

test('a trap is internal, and a new instance takes its place', async () => {
  const instance = new Instance(await compile(TRAPPING));
  assert.throws(() => instance.call('ingest', read(PHOTO), {}), { code: 'internal', blame: 'service' });
  assert.throws(() => instance.call('ingest', read(PHOTO), {}), { code: 'internal' });
});

test('the package is small', () => {
  const total = BUILDS.map((file) => readFileSync(file)).reduce((sum, bytes) => sum + gzipped(bytes), 0);
  assert.ok(total <= 1_200_000, `${total} bytes compressed`);
});
