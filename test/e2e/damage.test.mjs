import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { Reader, sockets } from "./support/client.mjs";
import { damage, dataOf, newestLog, storeFiles } from "./support/damage.mjs";
import { Server, program } from "./support/server.mjs";

async function startServer(t, options) {
  const server = await Server.start(options);
  t.after(() => server.dispose());
  return server;
}

function doctor(server, ...args) {
  const { status, stdout } = spawnSync(program, ["doctor", "--config", server.configFile, ...args], {
    env: server.env,
    encoding: "utf8",
  });
  return { status, text: stdout };
}

/** A server that was killed with a job half done, and whose log is then damaged in front of chunks that a client saw. */
async function killedAndDamaged(t) {
  const server = await startServer(t);
  const client = sockets(t)(server.url, server.token("ada"), { reconnection: false });
  const offsets = [];
  client.socket.onAny((name, body, ...more) => offsets.push(...more));
  const done = await client.start("test-job", { chunks: 3, intervalMs: 0 });
  await client.ending(done);
  const jobId = await client.start("test-job", { chunks: 10_000, intervalMs: 5 });
  await client.chunks(jobId, 20);
  const { path, size } = newestLog(server);
  const safe = client.of(jobId).length;
  await client.chunks(jobId, 60);
  await server.kill();
  damage(path, size + 20);
  const seen = client.of(jobId);
  return { server, done, jobId, path, size, safe, seen, state: { pid: client.socket._pid, offset: offsets.at(-1) } };
}

test("damage in front of acknowledged writes: the server refuses by name, and doctor tells the command and changes nothing", async (t) => {
  const { server, path, size } = await killedAndDamaged(t);
  const before = readFileSync(path);
  await assert.rejects(server.start(), /ended with 2/);
  const refusal = new RegExp(`${path} is damaged at byte (\\d+), .*'hawser doctor --repair'`);
  assert.ok(Number(refusal.exec(server.logText())?.[1]) <= size + 20, server.logText());
  const { status, text } = doctor(server);
  assert.equal(status, 1);
  assert.match(text, refusal);
  assert.deepEqual(readFileSync(path), before);
});

test("doctor --repair opens the consistent prefix, and every resume of the old incarnation is told so", async (t) => {
  const { server, done, jobId, path, safe, seen, state } = await killedAndDamaged(t);
  const bytes = readFileSync(path);
  const repaired = doctor(server, "--repair");
  assert.equal(repaired.status, 0, repaired.text);
  assert.match(repaired.text, new RegExp(`${basename(path)}: bytes \\d+ to ${bytes.length} are lost`));
  assert.match(repaired.text, new RegExp(`${jobId} of ada lost its events \\d+ to \\d+`));
  const copies = readdirSync(dataOf(server)).filter((name) => name.startsWith("damaged-"));
  assert.equal(copies.length, 1);
  assert.deepEqual(readFileSync(join(dataOf(server), copies[0], basename(path))), bytes, "a copy as it was");

  assert.match(doctor(server, "--repair").text, /nothing to repair/);
  assert.equal(readdirSync(dataOf(server)).filter((name) => name.startsWith("damaged-")).length, 1);

  await server.start();
  const auth = { token: server.token("ada"), ...state };
  const client = sockets(t)(server.url, server.token("ada"), { auth, reconnection: false });
  assert.match((await client.event("stream:reset")).hint, /reconnect:sync/);
  assert.notEqual(client.socket._pid, state.pid);
  assert.equal(client.socket.recovered, false);

  // What is left is what was there; what is lost is withdrawn openly, for whoever has seen any of it.
  client.socket.emit("reconnect:sync", { jobId, lastSequence: 0 });
  await client.event("sync:complete", (body) => body.jobId === jobId);
  const log = client.of(jobId);
  const kept = log.findIndex(({ name }) => name === "job:resumed");
  assert.ok(kept >= safe && kept < seen.length, `${kept} events are kept`);
  assert.deepEqual(log.slice(0, kept), seen.slice(0, kept));
  assert.ok(log.length > seen.length + 1);
  for (const { name, body } of log.slice(kept, -1)) {
    assert.equal(name, "job:resumed");
    assert.equal(body.payload.keepThrough, kept);
  }
  assert.equal(log.at(-1).name, "job:cancelled");
  assert.match(log.at(-1).body.payload.reason, /lost/);
  const beyond = await client.call("reconnect:sync", { jobId, lastSequence: log.length + 1 });
  assert.equal(beyond.code, "bad_sequence");

  client.socket.emit("reconnect:sync", { jobId: done, lastSequence: 0 });
  await client.event("sync:complete", (body) => body.jobId === done);
  assert.equal(client.of(done).at(-1).name, "job:completed");
  await client.ending(await client.start("test-job", { chunks: 3, intervalMs: 0 }));
});

test("a damaged table quarantines its job: it answers damaged, clients are told reset, and all else goes on", async (t) => {
  const server = await startServer(t);
  const before = sockets(t)(server.url, server.token("ada"), { reconnection: false });
  const offsets = [];
  before.socket.onAny((name, body, ...more) => offsets.push(...more));
  await before.connected();
  const state = { pid: before.socket._pid, offset: offsets[0] };
  const bad = await before.start("test-job", { chunks: 600, chunkBytes: 200, intervalMs: 0 });
  await before.ending(bad);
  const unfinished = await before.start("test-job", { chunks: 40, intervalMs: 50 });
  await before.chunks(unfinished, 1);
  assert.equal((await server.end("SIGTERM")).code, 0);
  const events = storeFiles(server, ".sst").sort((a, b) => statSync(b).size - statSync(a).size)[0];
  damage(events, 100);
  await server.start();

  const auth = { token: server.token("ada"), ...state };
  const client = sockets(t)(server.url, server.token("ada"), { auth, reconnection: false });
  await client.event("stream:reset");
  for (let i = 0; i < 5; i += 1) {
    const answer = await client.call("reconnect:sync", { jobId: bad, lastSequence: 0 });
    assert.equal(answer.code, "damaged");
    assert.match(answer.error, new RegExp(`${bad} is damaged; start the job again`));
  }
  assert.equal((await client.call("cancel:job", bad)).state, "completed");
  assert.equal((await new Reader(client, unfinished).finished()).name, "job:completed");
  await client.ending(await client.start("test-job", { chunks: 3, intervalMs: 0 }));
  const log = server.logText();
  assert.equal(log.split(`${bad} is damaged`).length - 1, 1, "the log names it once");
  assert.equal(log.split(basename(events)).length - 1, 1, "and the file");
  assert.equal((await server.end("SIGTERM")).code, 0);
});

test("doctor --repair leaves a store alone that a server holds", async (t) => {
  const server = await startServer(t);
  const { status, text } = doctor(server, "--repair");
  assert.equal(status, 1);
  assert.match(text, new RegExp(`in use by process ${server.pid}`));
});
