import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Browser } from "./support/browser.mjs";
import { lines, sockets } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server, briskHeartbeat } from "./support/server.mjs";
import { assertWhole } from "./support/stream.mjs";

/** The bundle that pages load with a script tag. */
const bundle = join(dirname(createRequire(import.meta.url).resolve("socket.io-client")), "../../dist/socket.io.min.js");
const job = { chunks: 200, intervalMs: 5 };

/** Runs in the page: a client that sends nothing by itself, and what it receives, in `window.client`. */
function openInPage({ token, transports }) {
  const socket = window.io({ auth: { token }, transports, reconnectionDelay: 50, reconnectionDelayMax: 200 });
  const client = { socket, received: [], connects: [], resets: 0 };
  socket.onAny((name, body) => client.received.push({ name, body }));
  socket.on("connect", () => client.connects.push({ recovered: socket.recovered, id: socket.id }));
  socket.on("stream:reset", () => (client.resets += 1));
  client.of = (jobId) => client.received.filter(({ body }) => body?.jobId === jobId && Number.isInteger(body.sequence));
  client.transport = () => socket.io.engine.transport.name;
  window.client = client;
}

describe("stock client in Chromium", () => {
  let server;
  let browser;
  before(async () => {
    server = await Server.start({ config: briskHeartbeat });
    browser = await Browser.launch();
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  /** A page of the server's own origin, with the line through a proxy. */
  async function open(t, user, transports) {
    const proxy = await Proxy.start(server.port);
    t.after(() => proxy.close());
    const { page } = await browser.tab();
    t.after(() => page.close());
    await page.addInitScript({ path: bundle });
    await page.goto(`${proxy.url}/health`);
    await page.evaluate(openInPage, { token: server.token(user), transports });
    await page.waitForFunction(() => window.client.received.some(({ name }) => name === "connected"));
    const last = transports.at(-1);
    await page.waitForFunction((name) => window.client.transport() === name, last);
    return { page, proxy };
  }

  const start = (page, input) =>
    page.evaluate(
      (body) => new Promise((done) => window.client.socket.emit("start:job", body, ({ jobId }) => done(jobId))),
      { type: "test-job", input },
    );
  const reached = (page, jobId, count) =>
    page.waitForFunction(([id, least]) => window.client.of(id).length >= least, [jobId, count]);
  const ended = (page, jobId, name) =>
    page.waitForFunction(([id, last]) => window.client.of(id).at(-1)?.name === last, [jobId, name]);
  const events = (page, jobId) => page.evaluate((id) => window.client.of(id), jobId);

  for (const [line, transports] of Object.entries(lines)) {
    test(`by ${line}: comes back from cuts by itself, recovered, and loses and doubles nothing`, async (t) => {
      const { page, proxy } = await open(t, `cut-${line}`, transports);
      const jobId = await start(page, job);
      for (const at of [20, 100, 180]) {
        await reached(page, jobId, at);
        await proxy.cutAfter(1 + Math.floor(Math.random() * 2000));
      }
      await ended(page, jobId, "job:completed");
      assertWhole(await events(page, jobId), job.chunks);
      const { connects, resets } = await page.evaluate(() => ({ connects: window.client.connects, resets: window.client.resets }));
      assert.ok(connects.length > 1);
      for (const { recovered, id } of connects.slice(1)) assert.deepEqual([recovered, id], [true, connects[0].id]);
      assert.equal(resets, 0);
    });

    test(`by ${line}: a job that another device cancels ends in the page`, async (t) => {
      const { page } = await open(t, `cancel-${line}`, transports);
      const jobId = await start(page, { chunks: 100_000, intervalMs: 5 });
      await reached(page, jobId, 5);
      const device = sockets(t)(server.url, server.token(`cancel-${line}`));
      assert.deepEqual(await device.call("cancel:job", jobId), { ok: true, state: "cancelled" });
      await ended(page, jobId, "job:cancelled");
      const seen = await events(page, jobId);
      assertWhole(seen, seen.filter(({ name }) => name === "job:chunk").length, "job:cancelled");
    });
  }
});
