import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Reader, sockets, transports } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { eventually, isAlive } from "./support/wait.mjs";

async function startServer(t, options) {
  const server = await Server.start(options);
  t.after(() => server.dispose());
  return server;
}

for (const transport of transports) {
  describe(`kill -9 under a client by ${transport}`, () => {
    test("the stream goes on at the next chunk, by itself, to completion", async (t) => {
      const server = await startServer(t);
      const client = sockets(t)(server.url, server.token("ada"), { transports: [transport] });
      const jobId = await client.start("test-job", { chunks: 200, intervalMs: 10 });
      const reader = new Reader(client, jobId);
      for (const at of [30, 150]) {
        await reader.reached(at);
        await server.crash();
      }
      assert.equal((await reader.finished()).name, "job:completed");
      const chunks = reader.chunks;
      assert.equal(chunks.length, 200);
      assert.equal(new Set(chunks).size, 200, "no chunk is made twice");
      assert.equal(reader.gaps, 0);
      const resumes = reader.events.filter(({ name }) => name === "job:resumed");
      assert.equal(resumes.length, 2);
      for (const { body } of resumes) assert.equal(body.payload.keepThrough, body.sequence - 1, "nothing withdrawn");
    });
  });
}

test("what a client has seen before a kill -9 has the same bytes after it", async (t) => {
  const server = await startServer(t);
  const client = sockets(t)(server.url, server.token("ada"));
  const jobId = await client.start("test-job", { chunks: 10_000, intervalMs: 1 });
  await client.chunks(jobId, 200);
  await server.kill();
  const seen = client.of(jobId);
  await server.start();
  const again = sockets(t)(server.url, server.token("ada"));
  again.socket.emit("reconnect:sync", { jobId, lastSequence: 0 });
  await again.event("sync:complete");
  const log = new Map(again.of(jobId).map((entry) => [entry.body.sequence, entry]));
  for (const entry of seen) assert.deepEqual(log.get(entry.body.sequence), entry);
  await again.call("cancel:job", jobId);
});

test("an idempotency key holds across a kill -9", async (t) => {
  const server = await startServer(t);
  const client = sockets(t)(server.url, server.token("ada"));
  const input = { chunks: 2, intervalMs: 0 };
  const key = { idempotencyKey: "once" };
  const jobId = await client.start("test-job", input, key);
  const back = client.reconnected();
  await server.crash();
  await back;
  assert.equal(await client.start("test-job", input, key), jobId);
});

test("a cancel that was acknowledged survives a kill -9", async (t) => {
  const server = await startServer(t);
  const client = sockets(t)(server.url, server.token("ada"));
  const jobId = await client.start("test-job", { chunks: 10_000, intervalMs: 10 });
  await client.chunks(jobId, 3);
  assert.equal((await client.call("cancel:job", jobId)).state, "cancelled");
  const back = client.reconnected();
  await server.crash();
  await back;
  const reader = new Reader(client, jobId);
  assert.equal((await reader.finished()).name, "job:cancelled");
  assert.deepEqual(await client.call("cancel:job", jobId), { ok: true, state: "cancelled" });
});

test("SIGTERM tells clients, exits 0, and the job goes on after the restart", async (t) => {
  const server = await startServer(t);
  const client = sockets(t)(server.url, server.token("ada"));
  const jobId = await client.start("test-job", { chunks: 100, intervalMs: 10 });
  const reader = new Reader(client, jobId);
  await reader.reached(20);
  const ended = server.end("SIGTERM");
  assert.deepEqual(await client.event("server:shutdown"), { message: "Server restarting, please reconnect" });
  assert.deepEqual(await ended, { code: 0, signal: null });
  await server.start();
  assert.equal((await reader.finished()).name, "job:completed");
  assert.equal(new Set(reader.chunks).size, 100);
  assert.equal(reader.chunks.length, 100);
});

test("a second SIGTERM ends at once, and the commands that the server ran end with it", async (t) => {
  const stubborn = `trap "" TERM INT HUP; echo $$; while :; do sleep 0.1; done`;
  const server = await startServer(t, {
    config: `[server]\ndrain_seconds = 60\n[exec.commands.stubborn]\nargv = ["/bin/sh", "-c", '${stubborn}']\n`,
  });
  const client = sockets(t)(server.url, server.token("ada"));
  const jobId = await client.start("exec", { command: "stubborn" });
  await client.chunks(jobId, 1);
  const pid = Number(client.of(jobId).find(({ name }) => name === "job:chunk").body.payload.chunk.text);
  assert.ok(isAlive(pid));
  const ended = server.end("SIGTERM");
  await client.event("server:shutdown");
  const since = Date.now();
  server.end("SIGTERM");
  await ended;
  assert.ok(Date.now() - since < 3000);
  await eventually(() => !isAlive(pid), `end of ${pid}`);
});

test("two servers cannot use one data directory", async (t) => {
  const first = await startServer(t);
  const second = new Server();
  t.after(() => second.dispose());
  second.env.HAWSER_DATA_DIR = first.env.HAWSER_DATA_DIR;
  await assert.rejects(second.start(), /ended with [1-9]/);
  assert.match(second.logText(), /data dir|in use|lock/i);
});
