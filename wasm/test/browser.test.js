// Every golden in a headless Chromium, in a worker: the ids are those of every build.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TESTDATA, goldens, refusals } from './files.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.html': 'text/html', '.wasm': 'application/wasm' };
const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0);

const PAGE = `<!doctype html><title>goldens</title><script type="module">
  import { IngestWorker } from '/package/index.js';
  const { goldens, refusals } = await (await fetch('/expected')).json();
  const worker = new IngestWorker();
  const file = async (name) => (await fetch('/testdata/' + name)).blob();
  const wrong = [];
  try {
    for (const { name, id, sourceId } of goldens) {
      const background = await worker.ingest(await file(name));
      if (background.id !== id || background.sourceId !== sourceId) wrong.push(name);
    }
    for (const { name, code } of refusals) {
      const refusal = await worker.ingest(await file(name)).catch((error) => error);
      if (refusal.code !== code) wrong.push(name + ': ' + refusal.code);
    }
    const photo = new Image();
    photo.src = URL.createObjectURL(new Blob([(await worker.ingest(await file(goldens[0].name))).bytes], { type: 'image/jpeg' }));
    await photo.decode();
  } catch (error) {
    wrong.push(String(error));
  }
  await fetch('/result', { method: 'POST', body: JSON.stringify(wrong) });
</script>`;

test('every golden has its ids in a browser', { skip: chromium ? false : 'no Chromium' }, async () => {
  const profile = mkdtempSync(join(tmpdir(), 'image-ingest-'));
  const { server, result } = await serve();
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
  const browser = spawn(chromium, [...flags, `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
  try {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('no result within ten minutes')), 600_000).unref());
    assert.deepEqual(await Promise.race([result, late]), []);
  } finally {
    browser.kill();
    await new Promise((resolve) => browser.once('exit', resolve));
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** A server of the package, of the test files and of the page, which sends its result back. */
async function serve() {
  let done;
  const result = new Promise((resolve) => (done = resolve));
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    try {
      if (request.method === 'POST') {
        let text = '';
        for await (const part of request) text += part;
        response.end();
        return done(JSON.parse(text));
      }
      if (path === '/') return response.setHeader('content-type', 'text/html').end(PAGE);
      if (path === '/expected') return response.end(JSON.stringify({ goldens, refusals }));
      const [, folder, ...rest] = path.split('/');
      const file = join(folder === 'package' ? PACKAGE : TESTDATA, ...rest);
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream').end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, result };
}
