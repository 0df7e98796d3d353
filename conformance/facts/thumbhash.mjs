// Reads lines of JSON, {width, height, rgb} with the pixels in base64, from standard input, and writes the ThumbHash of each in
// base64, by the reference implementation.
import { createInterface } from 'node:readline'
import { rgbaToThumbHash } from 'thumbhash'

for await (const line of createInterface({ input: process.stdin })) {
  const { width, height, rgb } = JSON.parse(line)
  const pixels = Buffer.from(rgb, 'base64')
  const rgba = new Uint8Array(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++) rgba.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i)
  console.log(Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64'))
}
