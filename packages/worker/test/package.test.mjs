import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createWorker } from "../dist/index.js";

const read = (path) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

test("the README shows examples/count.ts, all of it", () => {
  const [, quoted] = /```ts\n(.*?)```/s.exec(read("../README.md"));
  assert.equal(quoted, read("../examples/count.ts"));
});

test("socket.io-client is the only dependency", () => {
  const { dependencies } = JSON.parse(read("../package.json"));
  assert.deepEqual(Object.keys(dependencies), ["socket.io-client"]);
});

describe("createWorker refuses what cannot be meant", () => {
  const good = { url: "http://127.0.0.1:1", token: "t", handlers: { t: async () => {} } };
  for (const [bad, sentence] of [
    [{ url: "localhost:3000" }, /`url` must be/],
    [{ url: undefined }, /`url` must be/],
    [{ token: "" }, /`token` must be/],
    [{ token: undefined }, /`token` must be/],
    [{ handlers: {} }, /`handlers` must/],
    [{ handlers: { t: "no" } }, /handler of t must be/],
    [{ handlers: { t: { run: async () => {}, plan: "last_event" } } }, /handler of t must be/],
    [{ concurrency: 0 }, /`concurrency`/],
    [{ concurrency: 1001 }, /`concurrency`/],
    [{ drainMs: -1 }, /`drainMs`/],
  ]) {
    test(JSON.stringify(bad), () => {
      assert.throws(() => createWorker({ ...good, ...bad }), (error) => error instanceof TypeError && sentence.test(error.message));
    });
  }
  test("and takes the rest", () => assert.equal(createWorker(good).running, 0));
});
