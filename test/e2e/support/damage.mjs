// Damage to the files of a store whose server does not run.

import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

export const dataOf = (server) => server.env.HAWSER_DATA_DIR;

/** Files of the store's database with that ending, the oldest first. */
export function storeFiles(server, ending) {
  const jobs = join(dataOf(server), "jobs");
  const number = (name) => Number.parseInt(name, 10);
  const names = readdirSync(jobs).filter((name) => /^\d+\./.test(name) && name.endsWith(ending));
  return names.sort((a, b) => number(a) - number(b)).map((name) => join(jobs, name));
}

/** The write-ahead log that the server writes, and how long it is. */
export function newestLog(server) {
  const path = storeFiles(server, ".log").at(-1);
  return { path, size: statSync(path).size };
}

/** Flips one bit. */
export function damage(path, at) {
  const file = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  byte[0] ^= 0x10;
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}
