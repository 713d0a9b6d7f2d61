// Workers of packages/worker against the real server, seen by a stock client: whatever happens to a worker, its line or
// the server, the chunks that stand are whole.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Reader, sockets } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server } from "./support/server.mjs";
import { standing } from "./support/standing.mjs";
import { TsWorker } from "./support/ts_worker.mjs";

const kLeaseMillis = 1_500;
const config = `[worker]
remote_types = ["numbers", "count"]
lease_ms = ${kLeaseMillis}
`;

function assertWhole(events, to) {
  assert.deepEqual(standing(events).map(({ n, i }) => n ?? i), Array.from({ length: to }, (_, i) => i));
  assert.equal(events.at(-1).name, "job:completed");
}

const resumes = (events) => events.filter(({ name }) => name === "job:resumed").map(({ body }) => ({ ...body.payload, at: body.sequence }));
const chunks = (events) => events.filter(({ name }) => name === "job:chunk").length;

describe("a worker in TypeScript", () => {
  let server;
  const open = [];
  before(async () => {
    server = await Server.start({ config });
  });
  after(async () => {
    await Promise.all(open.map((thing) => (thing.end ? thing.end("SIGKILL") : thing.close())));
    await server.dispose();
  });

  async function worker(t, options) {
    const started = await TsWorker.start(server, options);
    open.push(started);
    t.after(() => started.end("SIGKILL"));
    await started.connected();
    return started;
  }

  /** Starts a job and follows it with the recovery rule of the README. */
  async function follow(t, type, input) {
    const client = sockets(t)(server.url, server.token(t.name));
    await client.connected();
    const jobId = await client.start(type, input);
    return { client, jobId, reader: new Reader(client, jobId) };
  }

  test("streams a job whole: the example of its README", async (t) => {
    const example = await TsWorker.start(server, { program: "packages/worker/build/examples/count.js" });
    open.push(example);
    const { reader } = await follow(t, "count", { to: 500 });
    await reader.finished();
    assertWhole(reader.events, 500);
    assert.deepEqual(reader.events.at(-1).body.payload, { result: { total: 500 } });
    const progress = reader.events.filter(({ name }) => name === "job:progress");
    assert.deepEqual(progress.at(-1).body.payload.progress, { current: 500, total: 500, percentage: 100 });
    const refused = await follow(t, "count", { to: "many" });
    await refused.reader.finished();
    const { error, code } = refused.reader.events.at(-1).body.payload;
    assert.deepEqual({ error, code }, { error: "`to` must be a number.", code: "bad_input" });
    assert.deepEqual(await example.end("SIGTERM"), { code: 0, signal: null });
  });

  test("is told when the user cancels, and its output so far is kept", async (t) => {
    const first = await worker(t);
    const { client, jobId, reader } = await follow(t, "numbers", { to: 100_000, intervalMs: 5 });
    await client.chunks(jobId, 5);
    const since = Date.now();
    assert.deepEqual(await client.call("cancel:job", jobId), { ok: true, state: "cancelled" });
    const { reason } = await first.told(({ stopped }) => stopped === jobId, "stop");
    assert.equal(reason, "cancelled");
    assert.ok(Date.now() - since < kLeaseMillis / 2, "by word, not by a lease that ran out");
    await reader.finished();
    assert.equal(reader.outcome.name, "job:cancelled");
    assert.ok(chunks(reader.events) >= 5);
  });

  test("killed with -9 is replaced within one lease, and what is done again is withdrawn openly", async (t) => {
    const first = await worker(t, { name: "first" });
    const { client, jobId, reader } = await follow(t, "numbers", { to: 60, checkpointEvery: 20, holdAt: 27 });
    await client.chunks(jobId, 27);
    const second = await worker(t, { name: "second" });
    const since = Date.now();
    await first.end("SIGKILL");
    await client.event("job:resumed", (body) => body.jobId === jobId);
    const took = Date.now() - since;
    t.diagnostic(`taken over after ${took} ms of a lease of ${kLeaseMillis} ms`);
    assert.ok(took <= kLeaseMillis + 500, `${took} ms`); // Some for a busy machine.
    const { attempt, chunkCount, checkpoint: state } = await second.told((message) => message.began === jobId, "takeover");
    assert.deepEqual({ attempt, chunkCount, state }, { attempt: 2, chunkCount: 20, state: { next: 20 } });
    await reader.finished();
    assertWhole(reader.events, 60);
    const [{ keepThrough, at }] = resumes(reader.events);
    const checkpoint = reader.events.findLast(({ name, body }) => name === "job:checkpoint" && body.sequence < at);
    assert.equal(keepThrough, checkpoint.body.sequence, "kept up to the checkpoint");
    assert.equal(chunks(reader.events), 60 + 7, "and what was behind it was withdrawn");
  });

  test("goes on while the server is killed with -9 and started again", async (t) => {
    const only = await worker(t);
    const { reader } = await follow(t, "numbers", { to: 200, intervalMs: 10 });
    for (const at of [20, 120]) {
      await reader.reached(at);
      await server.crash();
    }
    await reader.finished();
    assertWhole(reader.events, 200);
    assert.deepEqual(resumes(reader.events), [], "the same run goes on: nothing was done twice");
    assert.equal(only.messages.filter(({ began }) => began).length, 1);
  });

  for (const towards of ["server", "client"]) {
    test(`sends again what a cut line swallowed on the way to the ${towards}`, async (t) => {
      const proxy = await Proxy.start(server.port);
      open.push(proxy);
      await worker(t, { url: proxy.url });
      const { reader } = await follow(t, "numbers", { to: 400, bytes: 200, intervalMs: 4 });
      const ended = reader.finished();
      for (let cuts = 0; cuts < 4; cuts += 1) {
        const bytes = towards === "server" ? 5_000 + 701 * cuts : 700 + 31 * cuts;
        await Promise.race([proxy.cutAfter(bytes, { towards }), ended]);
      }
      await ended;
      assertWhole(reader.events, 400);
      assert.deepEqual(resumes(reader.events), [], "the same run went on");
      assert.ok(proxy.resets >= 2, `${proxy.resets} cuts`);
    });
  }

  test("that stood still past its lease is refused when it goes on, by the same token too, and the stream is whole", async (t) => {
    const zombie = await worker(t);
    const { client, jobId, reader } = await follow(t, "numbers", { to: 150, intervalMs: 15, checkpointEvery: 10 });
    await client.chunks(jobId, 15);
    zombie.signal("SIGSTOP");
    const second = await worker(t);
    await second.told((message) => message.began === jobId, "takeover");
    await client.chunks(jobId, 30);
    zombie.signal("SIGCONT");
    const { reason } = await zombie.told(({ stopped }) => stopped === jobId, "stop");
    assert.equal(reason, "fenced");
    await reader.finished();
    assertWhole(reader.events, 150);
    assert.equal(resumes(reader.events).length, 1);
  });

  test("drains at SIGTERM: another one goes on at once behind the last chunk", async (t) => {
    const first = await worker(t, { name: "first" });
    const { client, jobId, reader } = await follow(t, "numbers", { to: 80, intervalMs: 15 });
    await client.chunks(jobId, 10);
    const second = await worker(t, { name: "second" });
    const since = Date.now();
    assert.deepEqual(await first.end("SIGTERM"), { code: 0, signal: null });
    assert.deepEqual(first.messages.at(-1), { done: true });
    await second.told((message) => message.began === jobId, "takeover");
    assert.ok(Date.now() - since < kLeaseMillis, "no lease had to run out");
    await reader.finished();
    assertWhole(reader.events, 80);
    assert.equal(resumes(reader.events).length, 1);
    assert.equal(chunks(reader.events), 80, "no chunk was made twice");
  });

  test("ends with a sentence when its token is worth nothing", async (t) => {
    const stranger = await Server.start({ config });
    t.after(() => stranger.dispose());
    const refused = await TsWorker.start(stranger, { url: server.url });
    open.push(refused);
    assert.deepEqual(await refused.end(), { code: 1, signal: null });
    assert.match(refused.errors, /WorkerError: The server refused the token: Authentication failed\..*hawser token --worker/s);
  });
});
