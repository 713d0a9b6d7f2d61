// Asks for /health again and again, on a thread of its own, so that what the attackers do to their event loop
// does not count.

import { once } from "node:events";
import { request } from "node:http";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const kPauseMillis = 20;
const kGiveUpMillis = 5_000;

function probe(port) {
  return new Promise((resolve) => {
    const begin = performance.now();
    const settle = (failure) => resolve({ millis: performance.now() - begin, failure });
    const options = { host: "127.0.0.1", port, path: "/health", agent: false, timeout: kGiveUpMillis };
    const asked = request(options, (answer) => {
      answer.resume();
      answer.on("end", () => settle(answer.statusCode === 200 ? null : `status ${answer.statusCode}`));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", (error) => settle(error.message));
    asked.end();
  });
}

async function run(port) {
  let results = [];
  parentPort.on("message", () => {
    parentPort.postMessage(results);
    results = [];
  });
  while (true) {
    results.push(await probe(port));
    await new Promise((resolve) => setTimeout(resolve, kPauseMillis));
  }
}

export function summary(millis) {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return { millis, count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

/** Probes until stopped. */
export class Prober {
  constructor(port) {
    this.worker = new Worker(new URL(import.meta.url), { workerData: { port } });
    this.worker.unref();
  }

  /** What has been measured since the last call. */
  async take() {
    this.worker.ref();
    this.worker.postMessage("take");
    const [results] = await once(this.worker, "message");
    this.worker.unref();
    const failures = results.map(({ failure }) => failure).filter(Boolean);
    return { ...summary(results.map(({ millis }) => millis)), failures };
  }

  stop() {
    return this.worker.terminate();
  }
}

if (!isMainThread && workerData?.port) await run(workerData.port);
