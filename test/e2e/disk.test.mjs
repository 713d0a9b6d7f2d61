// A disk that fills up, one whose syncs fail, and one that may not be written: DESIGN, law 2, with the real process.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Reader, sockets } from "./support/client.mjs";
import { dataOf } from "./support/damage.mjs";
import { Disk } from "./support/disk.mjs";
import { Server, root } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

const kMebibyte = 1024 * 1024;
const secret = "a secret of the tests that is long enough to be taken";
/** EX_SOFTWARE: whoever supervises the server starts it again. */
const kFatal = 70;

/** Not started yet. The secret is not on the disk that fails. */
function makeServer(t, options) {
  const server = new Server({ dev: false, ...options, env: { JWT_SECRET: secret, ...options.env } });
  t.after(() => server.dispose());
  return server;
}

async function onDisk(t, mebibytes, options) {
  const server = makeServer(t, options);
  const disk = await Disk.mount(dataOf(server), mebibytes);
  t.after(async () => {
    await server.kill();
    await disk.dispose();
  });
  server.wrapper = disk.wrapper;
  await server.start();
  return { server, disk };
}

const ready = async (server) => {
  const answer = await fetch(`${server.url}/ready`);
  return { status: answer.status, ...(await answer.json()) };
};

/** The log of the job holds what a client has seen, with the same bytes, and goes on without a hole. */
async function assertKept(t, server, user, jobId, seen) {
  const client = sockets(t)(server.url, server.token(user));
  const reader = new Reader(client, jobId);
  await reader.reached(seen.length + 1);
  assert.deepEqual(reader.events.slice(0, seen.length), seen);
  assert.equal(reader.gaps, 0);
  return client;
}

test("below the reserve new work is refused and all else goes on, until there is room again", async (t) => {
  const reserve = 64 * kMebibyte;
  const server = makeServer(t, {});
  const gate = join(server.directory, "gate");
  const wait = `["/bin/sh", "-c", "while [ ! -e '${gate}' ]; do sleep 0.02; done"]`;
  writeFileSync(server.configFile, `[store]\nreserve_bytes = ${reserve}\n[exec.commands.wait]\nargv = ${wait}\n`);
  const disk = await Disk.mount(dataOf(server), 256);
  t.after(async () => {
    await server.kill();
    await disk.dispose();
  });
  server.wrapper = disk.wrapper;
  await server.start();

  const client = sockets(t)(server.url, server.token("ada"));
  const input = { chunks: 400, intervalMs: 5 };
  const writing = new Reader(client, await client.start("test-job", input));
  const ending = await client.start("exec", { command: "wait" });
  const cancelled = await client.start("exec", { command: "wait" });
  await writing.reached(20);
  assert.equal((await ready(server)).status, 200);

  disk.fill(reserve - 4 * kMebibyte);
  const refused = await eventually(async () => {
    const answer = await client.call("start:job", { type: "test-job", input });
    return answer.code && answer;
  }, "refusal");
  assert.equal(refused.code, "storage_full");
  assert.deepEqual(await ready(server), { status: 503, ready: false, reason: "storage_full" });
  const stopped = writing.last;
  assert.ok(stopped < 400, "the job waits for room");

  const reader = sockets(t)(server.url, server.token("ada"));
  reader.socket.emit("reconnect:sync", { jobId: writing.jobId, lastSequence: 0 });
  await reader.event("sync:complete");
  assert.ok(reader.of(writing.jobId).length >= stopped, "reads go on");
  assert.equal((await client.call("cancel:job", cancelled)).state, "cancelled");
  assert.equal((await client.ending(cancelled)).name, "job:cancelled");
  writeFileSync(gate, "");
  assert.equal((await client.ending(ending)).name, "job:completed", "an ending event is written");
  assert.equal((await client.call("start:job", { type: "test-job", input })).code, "storage_full");

  disk.free();
  await eventually(async () => (await ready(server)).status === 200, "readiness");
  assert.equal((await writing.finished()).name, "job:completed");
  assert.equal(new Set(writing.chunks).size, input.chunks);
  assert.equal(writing.gaps, 0);
  await client.ending(await client.start("test-job", { chunks: 2, intervalMs: 0 }));
});

test("a disk that is full to the last byte ends the process in words, and what was acknowledged is there later", async (t) => {
  // Too small for a log to be laid out in advance, so that every write needs room.
  const { server, disk } = await onDisk(t, 40, { config: "[store]\nreserve_bytes = 0\n" });
  const client = sockets(t)(server.url, server.token("ada"), { reconnection: false });
  const jobId = await client.start("test-job", { chunks: 100_000, chunkBytes: 5_000, intervalMs: 1 });
  await client.chunks(jobId, 50);
  disk.fill(0);
  const [code] = await server.exited;
  assert.equal(code, kFatal, server.logText());
  assert.match(server.logText(), /critical.*No space left on device.*recovers at its next start/);
  const seen = client.of(jobId);

  await assert.rejects(server.start(), /ended with \d+ before/);
  assert.match(server.logText(), new RegExp(`${dataOf(server)}.*No space left on device`));
  disk.free();
  await server.start();
  const again = await assertKept(t, server, "ada", jobId, seen);
  assert.equal((await again.call("cancel:job", jobId)).state, "cancelled");
});

test("a sync that fails ends the process in words, and is never tried again", async (t) => {
  const server = makeServer(t, {});
  const library = join(server.directory, "failing_sync.so");
  const trigger = join(server.directory, "fail");
  execFileSync(process.env.CC ?? "cc", ["-shared", "-fPIC", "-o", library, join(root, "test/e2e/support/failing_sync.c")]);
  Object.assign(server.env, { LD_PRELOAD: library, FAIL_SYNC_WHILE: trigger });
  await server.start();
  const client = sockets(t)(server.url, server.token("ada"), { reconnection: false });
  const jobId = await client.start("test-job", { chunks: 100_000, intervalMs: 2 });
  const key = { idempotencyKey: "acknowledged" };
  const acknowledged = await client.start("test-job", { chunks: 2, intervalMs: 0 }, key);
  await client.ending(acknowledged);
  await client.chunks(jobId, 30);
  writeFileSync(trigger, "");
  const answers = [];
  for (let i = 0; i < 20; i += 1) {
    client.socket.emit("start:job", { type: "test-job", input: { chunks: 1 } }, (answer) => answers.push(answer));
  }
  const [code] = await server.exited;
  assert.equal(code, kFatal, server.logText());
  assert.match(server.logText(), /critical.*sync.*Input\/output error.*recovers at its next start/);
  assert.deepEqual(answers.filter(({ jobId: id }) => id), [], "no start was acknowledged");
  const seen = client.of(jobId);

  await assert.rejects(server.start(), /ended with \d+ before/);
  rmSync(trigger);
  await server.start();
  const again = await assertKept(t, server, "ada", jobId, seen);
  assert.equal(await again.start("test-job", { chunks: 2, intervalMs: 0 }, key), acknowledged);
  assert.equal((await again.call("cancel:job", jobId)).state, "cancelled");
});

test("a data directory that may only be read is refused by name, with what to do", async (t) => {
  const { server, disk } = await onDisk(t, 64, {});
  assert.equal((await server.end("SIGTERM")).code, 0);
  disk.makeReadOnly();
  await assert.rejects(server.start(), /ended with 2/);
  assert.match(server.logText(), new RegExp(`${dataOf(server)}.*Read-only file system.*writable.*--data-dir`));
});
