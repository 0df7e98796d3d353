// The job by sharp. usage: node peer.js RUNS FILE; prints the line that `image-ingest bench` prints.
// usage: node peer.js mixed JOBS RUNS FILE...; the line of `image-ingest bench --mixed`, with JOBS files under way at a time
// and as many threads as sharp takes by itself.
const fs = require('node:fs');
const path = require('node:path');
const sharp = require('sharp');

const isMixed = process.argv[2] === 'mixed';
sharp.cache(false);
if (!isMixed) sharp.concurrency(1);

const job = (data) =>
  sharp(data, { limitInputPixels: false, failOn: 'warning' })
    .autoOrient()
    .resize(2048, 2048, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .flatten({ background: 'white' })
    .jpeg({ quality: 85, chromaSubsampling: '4:2:0' })
    .toBuffer({ resolveWithObject: true });

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

const peakRssKb = () => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);

async function measure(runs, data) {
  const { data: encoded, info } = await job(data);
  const wall = [];
  const cpu = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    const used = process.cpuUsage();
    await job(data);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1e3);
    wall.push(performance.now() - start);
  }
  return { ms_median: median(wall), cpu_ms_median: median(cpu), out_bytes: encoded.length, w: info.width, h: info.height };
}

async function batch(jobs, uploads) {
  const left = [...uploads];
  const worker = async () => {
    while (left.length > 0) await job(left.pop());
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

async function mixed(jobs, runs, files) {
  const uploads = files.map((file) => fs.readFileSync(file));
  await batch(jobs, uploads);
  const wall = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await batch(jobs, uploads);
    wall.push(performance.now() - start);
  }
  const images = uploads.length;
  return { peer: 'sharp', images, jobs, ms_median: median(wall), images_per_s: (images * 1e3) / median(wall) };
}

(async () => {
  if (isMixed) {
    const [jobs, runs, ...files] = process.argv.slice(3);
    const line = await mixed(Number(jobs), Number(runs), files);
    console.log(JSON.stringify({ ...line, peak_rss_kb: peakRssKb() }));
    return;
  }
  const [runs, file] = process.argv.slice(2);
  const { sharp: version, vips } = sharp.versions;
  const line = { peer: 'sharp', versions: `sharp ${version} (libvips ${vips})`, file: path.basename(file) };
  try {
    Object.assign(line, await measure(Number(runs), fs.readFileSync(file)));
  } catch (error) {
    line.error = error.message.slice(0, 100);
  }
  console.log(JSON.stringify({ ...line, peak_rss_kb: peakRssKb() }));
})();
