// Writes the canonical picture of each file into a folder, named by its content id, and says what became of it.
// usage: node ingest.js FOLDER FILE...
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IngestError, IngestWorker } from 'image-ingest';

const [folder, ...files] = process.argv.slice(2);
if (!folder || files.length === 0) {
  console.error('usage: node ingest.js FOLDER FILE...');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const worker = new IngestWorker();
for (const file of files) {
  try {
    const { bytes, id, width, height } = await worker.ingest(await readFile(file));
    await writeFile(join(folder, `${id}.jpg`), bytes);
    console.log(JSON.stringify({ file, id, width, height, bytes: bytes.length }));
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    process.exitCode = 1;
    console.log(JSON.stringify({ file, error: error.toJSON() }));
  }
}
worker.terminate();
