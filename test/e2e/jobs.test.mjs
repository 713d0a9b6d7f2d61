import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Reader, endings, sockets, transports } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.dispose());

const quick = { chunks: 12, intervalMs: 0 };
/** Runs until somebody ends it. */
const endless = { chunks: 100_000, intervalMs: 20 };

function sequences(events) {
  return events.map(({ body }) => body.sequence);
}

function oneTo(count) {
  return Array.from({ length: count }, (_, index) => index + 1);
}

for (const transport of transports) {
  describe(`jobs by ${transport}`, () => {
    const open = (t, user) => sockets(t)(server.url, server.token(user), { transports: [transport] });

    test("start:job answers the id and streams to completion in the original's envelope", async (t) => {
      const client = open(t, `stream-${transport}`);
      const jobId = await client.start("test-job", quick);
      assert.match(jobId, /^job_\w+$/);
      const ending = await client.ending(jobId);
      assert.equal(ending.name, "job:completed");
      assert.equal(ending.body.payload.result.chunks, quick.chunks);
      assert.equal(typeof ending.body.payload.result.output, "string");

      const events = client.of(jobId);
      assert.deepEqual(sequences(events), oneTo(events.length), "one counter for all kinds, no hole, no repeat");
      assert.equal(events[0].name, "job:started");
      assert.deepEqual(events[0].body.payload, { type: "test-job", input: quick });
      assert.equal(events.at(-1).name, "job:completed");
      for (const { body } of events) {
        assert.deepEqual(Object.keys(body).sort(), ["jobId", "payload", "sequence", "timestamp"]);
        assert.ok(Math.abs(body.timestamp - Date.now()) < 120_000);
      }
      const chunks = events.filter(({ name }) => name === "job:chunk");
      assert.equal(chunks.length, quick.chunks);
      for (const { body } of chunks) assert.equal(typeof body.payload.chunk, "string");
    });

    test("progress is nested, and the last one goes out before the ending event", async (t) => {
      const client = open(t, `progress-${transport}`);
      const jobId = await client.start("test-job", quick);
      await client.ending(jobId);
      const progress = client.of(jobId).filter(({ name }) => name === "job:progress");
      const last = progress.at(-1).body.payload.progress;
      assert.equal(last.current, quick.chunks);
      assert.equal(last.total, quick.chunks);
      assert.equal(last.percentage, 100);
    });

    test("a checkpoint names the sequence before it and carries the output so far", async (t) => {
      const client = open(t, `checkpoint-${transport}`);
      const jobId = await client.start("test-job", { chunks: 30, intervalMs: 0 });
      await client.ending(jobId);
      const events = client.of(jobId);
      const checkpoints = events.filter(({ name }) => name === "job:checkpoint");
      assert.ok(checkpoints.length > 0);
      for (const { body } of checkpoints) {
        const { checkpoint } = body.payload;
        const before = events.slice(0, body.sequence - 1).filter(({ name }) => name === "job:chunk");
        assert.equal(checkpoint.jobId, jobId);
        assert.equal(checkpoint.sequence, body.sequence - 1);
        assert.deepEqual(checkpoint.partialOutput, before.map((event) => event.body.payload.chunk));
      }
    });

    test("cancel from another socket of the user is one event to both, and nothing comes after it", async (t) => {
      const first = open(t, `cancel-${transport}`);
      const second = open(t, `cancel-${transport}`);
      await second.connected();
      const jobId = await first.start("test-job", endless);
      await second.chunks(jobId, 3);
      assert.deepEqual(await second.call("cancel:job", jobId), { ok: true, state: "cancelled" });
      const reader = new Reader(first, jobId);
      await first.ending(jobId);
      await second.ending(jobId);
      await reader.finished();

      // A job that runs after the cancel shows that the line would have carried more.
      const probe = await first.start("test-job", quick);
      await Promise.all([first.ending(probe), second.ending(probe)]);
      assert.equal(second.of(jobId).filter(({ name }) => endings.has(name)).length, 1);
      assert.equal(second.of(jobId).at(-1).name, "job:cancelled");
      assert.equal(reader.events.at(-1).name, "job:cancelled");
      assert.equal(reader.events.filter(({ name }) => endings.has(name)).length, 1);
    });

    test("cancel of an ended job tells its state and writes nothing", async (t) => {
      const client = open(t, `late-cancel-${transport}`);
      const jobId = await client.start("test-job", quick);
      await client.ending(jobId);
      const before = client.of(jobId).length;
      assert.deepEqual(await client.call("cancel:job", jobId), { ok: true, state: "completed" });
      const reader = new Reader(client, jobId);
      await reader.finished();
      assert.equal(reader.last, before);
    });

    test("subscribe and unsubscribe answer with their events and replay nothing", async (t) => {
      const client = open(t, `subscribe-${transport}`);
      const jobId = await client.start("test-job", quick);
      await client.ending(jobId);
      const before = client.of(jobId).length;
      client.socket.emit("subscribe:job", jobId);
      assert.deepEqual(await client.event("subscribed"), { jobId });
      client.socket.emit("unsubscribe:job", jobId);
      assert.deepEqual(await client.event("unsubscribed"), { jobId });
      assert.equal(client.of(jobId).length, before);
    });

    test("subscribing doubles nothing", async (t) => {
      const client = open(t, `double-${transport}`);
      const jobId = await client.start("test-job", { chunks: 40, intervalMs: 5 });
      assert.equal((await client.call("subscribe:job", jobId)).ok, true);
      await client.ending(jobId);
      const events = client.of(jobId);
      assert.deepEqual(sequences(events), oneTo(events.length));
    });

    test("two tabs of a user each get everything once", async (t) => {
      const tabs = [open(t, `tabs-${transport}`), open(t, `tabs-${transport}`)];
      await Promise.all(tabs.map((tab) => tab.connected()));
      const jobId = await tabs[0].start("test-job", quick);
      await Promise.all(tabs.map((tab) => tab.ending(jobId)));
      for (const tab of tabs) assert.deepEqual(sequences(tab.of(jobId)), oneTo(tab.of(jobId).length));
      assert.deepEqual(tabs[0].of(jobId), tabs[1].of(jobId));
    });

    test("the same idempotency key is the same job, and with another input a conflict", async (t) => {
      const client = open(t, `key-${transport}`);
      const key = { idempotencyKey: "one" };
      const [first, second] = await Promise.all([
        client.start("test-job", quick, key),
        client.start("test-job", quick, key),
      ]);
      assert.equal(second, first);
      await client.ending(first);
      assert.equal(await client.start("test-job", quick, key), first);
      const conflict = await client.call("start:job", { type: "test-job", input: { chunks: 3 }, ...key });
      assert.equal(conflict.code, "idempotency_conflict");

      const stranger = open(t, `key-stranger-${transport}`);
      assert.notEqual(await stranger.start("test-job", quick, key), first);
    });

    test("10,000 chunks without a pause reach one client in order", async (t) => {
      const client = open(t, `many-${transport}`);
      const jobId = await client.start("test-job", { chunks: 10_000, intervalMs: 0 });
      const ending = await client.ending(jobId, 60_000);
      assert.equal(ending.name, "job:completed");
      const events = client.of(jobId);
      assert.deepEqual(sequences(events), oneTo(events.length));
      assert.equal(events.filter(({ name }) => name === "job:chunk").length, 10_000);
    });
  });
}
