// The line and the token of a TypeScript worker, against the real server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createWorker, WorkerError } from "../../packages/worker/dist/index.js";
import { sockets, within } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server, signToken } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

const secret = "n8Zp2vQ4xK7mT1rW6yB3cF9hJ5gD0sLa";
const kLeaseMillis = 1_500;
const config = `[worker]\nremote_types = ["ticks"]\nlease_ms = ${kLeaseMillis}\n`;
const claims = { worker: "w", types: ["ticks"] };
const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

/** Goes on behind the last chunk. */
const ticks = {
  plan: () => "last_event",
  async *run(job) {
    for (let i = job.chunkCount; i < job.input.to; i += 1) {
      yield i;
      await delay(job.input.intervalMs);
    }
  },
};

describe("a worker in TypeScript", () => {
  let server;
  before(async () => {
    server = await Server.start({ dev: false, env: { JWT_SECRET: secret }, config });
  });
  after(() => server.dispose());

  function start(t, options = {}) {
    const log = [];
    const worker = createWorker({
      url: server.url,
      token: signToken(secret, claims),
      handlers: { ticks },
      handleSignals: false,
      log: ({ level, message }) => level !== "debug" && log.push(message),
      ...options,
    });
    const running = worker.run();
    running.catch(() => {});
    t.after(() => worker.stop());
    return { worker, running, log };
  }

  /** Runs a job to its end; resolves with its events. */
  async function run(t, input) {
    const client = sockets(t)(server.url, server.token(t.name));
    await client.connected();
    const jobId = await client.start("ticks", input);
    assert.equal((await client.ending(jobId)).name, "job:completed");
    const events = client.of(jobId);
    const chunks = events.filter(({ name }) => name === "job:chunk").map(({ body }) => body.payload.chunk);
    assert.deepEqual(chunks, Array.from({ length: input.to }, (_, i) => i));
    return events;
  }

  test("renews a token that ends while a job runs, without a break", async (t) => {
    const reasons = [];
    const token = async ({ reason }) => {
      reasons.push(reason);
      return signToken(secret, { ...claims, exp: inSeconds(reason === "connect" ? 3 : 3600) });
    };
    const { log } = start(t, { token });
    const events = await run(t, { to: 100, intervalMs: 50 });
    assert.equal(events.filter(({ name }) => name === "job:resumed").length, 0);
    assert.deepEqual(reasons, ["connect", "expiring"]);
    assert.deepEqual(log, ["connected"]);
  });

  test("asks again for a token that is refused", async (t) => {
    const reasons = [];
    const token = ({ reason }) => {
      reasons.push(reason);
      return signToken(secret, { ...claims, exp: inSeconds(reason === "connect" ? -60 : 3600) });
    };
    start(t, { token });
    await run(t, { to: 3, intervalMs: 1 });
    assert.deepEqual(reasons, ["connect", "refused"]);
  });

  test("ends when its one token ends, and says what to do", async (t) => {
    const { running, log } = start(t, { token: signToken(secret, { ...claims, exp: inSeconds(2) }) });
    const error = await within(running.catch((caught) => caught), "end of the worker");
    assert.ok(error instanceof WorkerError);
    assert.match(error.message, /has not expired.*Give `token` a function/);
    assert.ok(log.some((message) => /the token expires/.test(message)));
  });

  test("is not let in with a user's token, nor a user with a worker's", async (t) => {
    const { running } = start(t, { token: signToken(secret, { userId: "ada" }) });
    const error = await within(running.catch((caught) => caught), "end of the worker");
    assert.match(error.message, /Invalid token: missing worker/);
    const client = sockets(t)(server.url, signToken(secret, claims), { reconnection: false });
    assert.match(await client.refusal(), /^(Authentication|Invalid token)/);
  });

  test("works by polling too", async (t) => {
    start(t, { socketOptions: { transports: ["polling"] } });
    await run(t, { to: 50, intervalMs: 2 });
  });

  test("leaves a line that swallows everything, and the stream goes on", async (t) => {
    const proxy = await Proxy.start(server.port);
    t.after(() => proxy.close());
    const { log } = start(t, { url: proxy.url });
    const running = run(t, { to: 150, intervalMs: 10 });
    await eventually(() => log.includes("connected"), "connection");
    proxy.blackHole = true;
    await eventually(() => log.some((message) => /no answer to/.test(message)), "doubt about the line");
    proxy.blackHole = false;
    await running;
    assert.ok(log.filter((message) => message === "connected").length >= 2);
  });

  test("waits for a server that is not there yet", async (t) => {
    const late = new Server({ dev: false, env: { JWT_SECRET: secret }, config });
    t.after(() => late.dispose());
    await late.start();
    await late.kill();
    const { worker, running, log } = start(t, { url: late.url });
    await eventually(() => log.some((message) => /ECONNREFUSED/.test(message)), "a word about the refused connection");
    await late.start();
    await eventually(() => log.includes("connected"), "connection");
    await worker.stop();
    await running;
  });
});
