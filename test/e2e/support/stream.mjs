// What a reader must have received of a job, whatever happened to its line.

import assert from "node:assert/strict";
import { endings } from "./client.mjs";

export function chunksOf(events) {
  return events.filter(({ name }) => name === "job:chunk").map(({ body }) => body.payload.chunk);
}

/**
 * Each event once, in order, from the first to the one that ends it, and every chunk of it once.
 * @param {{name: string, body: object}[]} events everything that came of one job, as it came
 */
export function assertWhole(events, chunks, ending = "job:completed") {
  const numbers = events.map(({ body }) => body.sequence);
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1), "no hole, no repeat, in order");
  assert.deepEqual(events.filter(({ name }) => endings.has(name)).map(({ name }) => name), [ending]);
  assert.equal(events.at(-1).name, ending);
  assert.equal(chunksOf(events).length, chunks);
  assert.equal(new Set(chunksOf(events)).size, chunks);
}
