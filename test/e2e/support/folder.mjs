// A folder of text whose hits are known, because we wrote it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What stands around each match; it must come out as text, never as markup. */
const around = `<img src=x onerror="document.title='broken'"> & "quotes"`;

/**
 * Writes `files` files with `passages` passages each; every passage has the word `needle` once, and its first
 * file has `unique` once.
 */
export function makeFolder(files, passages) {
  const path = mkdtempSync(join(tmpdir(), "hawser-folder-"));
  const places = new Set();
  for (let number = 0; number < files; number += 1) {
    const name = `part-${number % 7}/text-${number}.txt`;
    mkdirSync(join(path, `part-${number % 7}`), { recursive: true });
    const lines = [];
    for (let passage = 0; passage < passages; passage += 1) {
      places.add(`${name}:${lines.length + 1}`);
      lines.push(`${around} the needle number ${number}.${passage}${number + passage === 0 ? " unique" : ""}`, "");
    }
    writeFileSync(join(path, name), lines.join("\n"));
  }
  return { path, places, remove: () => rmSync(path, { recursive: true, force: true }) };
}
