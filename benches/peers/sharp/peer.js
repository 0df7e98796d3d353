// The job by sharp. usage: node peer.js RUNS FILE; prints the line that `image-ingest bench` prints.
const fs = require('node:fs');
const path = require('node:path');
const sharp = require('sharp');

sharp.cache(false);
sharp.concurrency(1);

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

(async () => {
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
