// Runs a WebAssembly program of WASI: its module, and folders that it gets as its arguments.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { WASI } from "node:wasi";

const [, , module, ...folders] = process.argv;
const names = folders.map((_, i) => `/folder${i}`);
const preopens = Object.fromEntries(folders.map((folder, i) => [names[i], folder]));
const wasi = new WASI({ version: "preview1", args: [module, ...names], preopens, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(await readFile(module), wasi.getImportObject());
process.exitCode = wasi.start(instance);
