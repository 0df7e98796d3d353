// Several JPEGs of one picture by sharp, each a clone of one pipeline. usage: node renditions.js RUNS FILE WxH...; prints the
// line that `image-ingest bench` prints.
const fs = require('node:fs');
const path = require('node:path');
const sharp = require('sharp');

sharp.cache(false);
sharp.concurrency(1);

const [runs, file, ...sizes] = process.argv.slice(2);
const targets = sizes.map((size) => size.split('x').map(Number));

const job = (data) => {
  const image = sharp(data, { limitInputPixels: false, failOn: 'warning' }).autoOrient();
  const made = targets.map(([width, height]) =>
    image
      .clone()
      .resize(width, height, { fit: 'cover' })
      .toColourspace('srgb')
      .flatten({ background: 'white' })
      .jpeg({ quality: 85, chromaSubsampling: '4:2:0' })
      .toBuffer(),
  );
  return Promise.all(made);
};

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

(async () => {
  const data = fs.readFileSync(file);
  const made = await job(data);
  const cpu = [];
  for (let run = 0; run < Number(runs); run++) {
    const used = process.cpuUsage();
    await job(data);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1e3);
  }
  const { sharp: version, vips } = sharp.versions;
  const line = { peer: 'sharp', versions: `sharp ${version} (libvips ${vips})`, file: path.basename(file) };
  console.log(JSON.stringify({ ...line, cpu_ms_median: median(cpu), out_bytes: made.map((bytes) => bytes.length) }));
})();
