// Runs a WebAssembly program of WASI: its module, and a folder that it gets as its first argument.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { WASI } from "node:wasi";

const [, , module, folder] = process.argv;
const wasi = new WASI({ version: "preview1", args: [module, "/folder"], preopens: { "/folder": folder }, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(await readFile(module), wasi.getImportObject());
process.exitCode = wasi.start(instance);
