// Sends refused uploads with Node's clients, and says for each kind how many answers did not arrive.
// Usage: node early.mjs BASE KEY PICTURE TRIES
import fs from 'node:fs';
import http from 'node:http';
import axios from 'axios';
import FormDataStream from 'form-data';
import got from 'got';
import nodeFetch from 'node-fetch';
import * as undici from 'undici';

const [base, key, picture, tries] = process.argv.slice(2);
const good = fs.readFileSync(picture);
const megabyte = 1_000_000;
// A client that fails this often in one row is not tried further there: each failure may take its whole patience.
const enough = 10;

// What is wrong with a request, the answer that it must get, and the sizes that it is tried with in turn.
const cases = [
  { name: 'wrong key', key: 'bl_live_none', chat: '%2B15551234567', head: 'GIF89a', status: 401, sizes: [1, 2, 5, 10] },
  { name: 'wrong format', key, chat: '%2B15551234567', head: 'BM', status: 400, sizes: [1, 2, 5, 10] },
  { name: 'bad id', key, chat: '15551234567', head: 'GIF89a', status: 400, sizes: [1, 2, 5, 10] },
  { name: 'too large', key, chat: '%2B15551234567', head: 'GIF89a', status: 400, sizes: [12, 30] },
];

const url = (chat) => `${base}/chats/${chat}/background`;
const upload = (head, size) => Buffer.concat([Buffer.from(head), Buffer.alloc(size * megabyte - head.length, 120)]);
const headers = (key) => ({ Authorization: `Bearer ${key}` });

function webForm(bytes) {
  const form = new FormData();
  form.set('background', new Blob([bytes]), 'a.jpg');
  return form;
}

function streamedForm(bytes) {
  const form = new FormDataStream();
  form.append('background', bytes, 'a.jpg');
  return form;
}

function wholeForm(bytes) {
  const form = streamedForm(bytes);
  return { body: form.getBuffer(), headers: form.getHeaders() };
}

// Each client answers the status; `make` makes one with a connection pool of its own.
const clients = {
  fetch: () => async (chat, key, bytes) => {
    const answer = await fetch(url(chat), { method: 'PUT', headers: headers(key), body: webForm(bytes) });
    await answer.text();
    return answer.status;
  },
  'node-fetch': () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return async (chat, key, bytes) => {
      const options = { method: 'PUT', headers: headers(key), body: webForm(bytes), agent };
      const answer = await nodeFetch(url(chat), options);
      await answer.text();
      return answer.status;
    };
  },
  undici: () => {
    const dispatcher = new undici.Agent({ connections: 1 });
    return async (chat, key, bytes) => {
      const form = wholeForm(bytes);
      const options = { method: 'PUT', dispatcher, headers: { ...headers(key), ...form.headers }, body: form.body };
      const answer = await undici.request(url(chat), options);
      await answer.body.text();
      return answer.statusCode;
    };
  },
  axios: () => {
    const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return async (chat, key, bytes) => {
      const form = streamedForm(bytes);
      const options = { headers: { ...headers(key), ...form.getHeaders() }, validateStatus: () => true, httpAgent };
      return (await axios.put(url(chat), form, options)).status;
    };
  },
  got: () => {
    const agent = { http: new http.Agent({ keepAlive: true, maxSockets: 1 }) };
    return async (chat, key, bytes) => {
      const options = { headers: headers(key), body: webForm(bytes), throwHttpErrors: false, retry: { limit: 0 }, agent };
      return (await got.put(url(chat), options)).statusCode;
    };
  },
  'http.Agent': () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return (chat, key, bytes) =>
      new Promise((resolve, reject) => {
        const form = streamedForm(bytes);
        const options = { method: 'PUT', agent, headers: { ...headers(key), ...form.getHeaders() } };
        const request = http.request(url(chat), options, (answer) => {
          answer.on('error', reject);
          answer.on('end', () => resolve(answer.statusCode));
          answer.resume();
        });
        request.on('error', reject);
        form.pipe(request);
      });
  },
};

const patience = 20_000;

async function attempt(send, expected) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${patience} ms`)), patience);
  });
  try {
    const status = await Promise.race([send(), late]);
    return status === expected ? null : `status ${status}`;
  } catch (error) {
    return String(error.cause?.code ?? error.code ?? error.message);
  } finally {
    clearTimeout(timer);
  }
}

// The other programs of this folder print the same columns.
function report(client, what, sizes, done, failures) {
  const seen = [...new Set(failures)].join(', ');
  console.log([client, what, `${sizes.join(', ')} MB`, done, failures.length, seen].join('\t'));
}

for (const [name, make] of Object.entries(clients)) {
  for (const { name: what, key, chat, head, status, sizes } of cases) {
    const send = make();
    const uploads = sizes.map((size) => upload(head, size));
    const failures = [];
    for (let i = 0; i < Number(tries); i++) {
      if (failures.length >= enough) break;
      const failure = await attempt(() => send(chat, key, uploads[i % uploads.length]), status);
      if (failure) failures.push(failure);
    }
    report(name, what, sizes, tries, failures);
  }
  const send = make();
  const refused = upload('BM', 2);
  const failures = [];
  for (let i = 0; i < Number(tries); i++) {
    if (failures.length >= enough) break;
    const [bytes, status] = i % 2 === 0 ? [refused, 400] : [good, 200];
    const failure = await attempt(() => send('%2B15551234567', key, bytes), status);
    if (failure) failures.push(failure);
  }
  report(name, 'wrong format and good in turn', [2], tries, failures);
}
process.exit(0);
