// Makes the canonical picture of a file before anything is sent: shown, named and ready to upload.
import { IngestError, IngestWorker } from '/image-ingest/index.js';

const worker = new IngestWorker();
const element = (id) => document.getElementById(id);
const [drop, file, progress, status, stop, result] = ['drop', 'file', 'progress', 'status', 'stop', 'result'].map(element);
const PHASES = { reading: 'Reading', loading: 'Loading', ingesting: 'Decoding and encoding', done: 'Done' };
let controller;
let shown;

async function take(picture) {
  controller?.abort();
  const mine = (controller = new AbortController());
  progress.hidden = stop.hidden = false;
  status.className = '';
  try {
    const background = await worker.ingest(picture, {
      signal: mine.signal,
      onProgress({ phase, done, total }) {
        if (mine !== controller) return;
        status.textContent = PHASES[phase];
        // Decoding says no more than that it is under way.
        if (phase === 'reading' || phase === 'done') progress.value = done / total;
        else progress.removeAttribute('value');
      },
    });
    if (mine === controller) show(background);
  } catch (error) {
    if (mine === controller) refuse(error);
  } finally {
    if (mine === controller) progress.hidden = stop.hidden = true;
  }
}

function show({ bytes, id, width, height, mediaType, receipt }) {
  if (shown) URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
  element('preview').src = element('save').href = shown;
  element('id').textContent = id;
  element('size').textContent = `${width} × ${height}, ${bytes.length.toLocaleString()} bytes`;
  const { format, width: was_width, height: was_height, bytes: was } = receipt.source;
  element('source').textContent = `${format.toUpperCase()}, ${was_width} × ${was_height}, ${was.toLocaleString()} bytes`;
  result.hidden = false;
}

function refuse(error) {
  result.hidden = true;
  status.className = 'refused';
  status.textContent = error instanceof IngestError && error.code === 'cancelled' ? 'Stopped.' : error.message;
}

file.onchange = () => file.files[0] && take(file.files[0]);
stop.onclick = () => controller?.abort();
drop.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add('over');
};
drop.ondragleave = () => drop.classList.remove('over');
drop.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
};
document.onpaste = (event) => event.clipboardData.files[0] && take(event.clipboardData.files[0]);
