// The test files of the repository, and what is expected of them.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TESTDATA = fileURLToPath(new URL('../../testdata/', import.meta.url));

/** Every accepted file with the ids that every build gives. */
export const goldens = readFileSync(join(TESTDATA, 'golden.tsv'), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line)
  .map((line) => line.split('\t'))
  .map(([name, sourceId, id]) => ({ name, sourceId, id }));

/** Every refused file with its code, which is its folder's name. */
export const refusals = readdirSync(join(TESTDATA, 'bad')).flatMap((code) =>
  readdirSync(join(TESTDATA, 'bad', code)).map((name) => ({ name: `bad/${code}/${name}`, code })),
);

export const read = (name) => new Uint8Array(readFileSync(join(TESTDATA, name)));
