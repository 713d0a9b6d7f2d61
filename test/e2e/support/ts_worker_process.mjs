// The handlers that worker_ts.test.mjs runs. Tells the test what happens to them.

import { setTimeout as delay } from "node:timers/promises";
import { createWorker } from "../../../packages/worker/dist/index.js";

const settings = JSON.parse(process.env.WORKER_SETTINGS);
const tell = (message) => process.connected && process.send(message);

/** Chunks 0, 1, 2, …, with a checkpoint behind every so many; the first run stops at `holdAt` and does nothing more. */
async function* numbers(job, { signal, checkpoint, progress }) {
  const { to, intervalMs = 0, checkpointEvery = 0, bytes = 0, holdAt = -1 } = job.input;
  tell({ began: job.id, attempt: job.attempt, chunkCount: job.chunkCount, checkpoint: job.checkpoint ?? null });
  signal.addEventListener("abort", () => tell({ stopped: job.id, reason: signal.reason.reason }));
  let next = job.checkpoint?.next ?? 0;
  try {
    for (; next < to; next += 1) {
      if (next === holdAt && job.attempt === 1) await delay(600_000, undefined, { signal });
      yield bytes > 0 ? { n: next, fill: "x".repeat(bytes) } : { n: next };
      tell({ yielded: next });
      progress({ current: next + 1, total: to });
      if (checkpointEvery > 0 && next % checkpointEvery === checkpointEvery - 1) await checkpoint({ next: next + 1 });
      if (intervalMs > 0) await delay(intervalMs, undefined, { signal });
    }
  } catch (error) {
    // The delay is behind a chunk that was written; the yield is before one that was not.
    if (signal.reason?.reason === "drain") await checkpoint({ next: error === signal.reason ? next : next + 1 });
    tell({ left: job.id, error: error.message });
    throw error;
  }
  return { total: next };
}

const worker = createWorker({
  url: process.env.HAWSER_URL,
  token: process.env.HAWSER_TOKEN,
  handlers: { numbers },
  log: ({ level, message, error }) => tell({ level, log: message, error: error?.message }),
  ...settings,
});
await worker.run();
tell({ done: true });
process.disconnect();
