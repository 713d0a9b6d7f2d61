import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Proxy } from "./support/proxy.mjs";
import { Reader, sockets, transports } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.dispose());

const slow = { chunks: 60, intervalMs: 10 };

for (const transport of transports) {
  describe(`reconnect:sync by ${transport}`, () => {
    const open = (t, user, url = server.url) => sockets(t)(url, server.token(user), { transports: [transport] });

    test("sends what is after lastSequence in order, then sync:complete with the count", async (t) => {
      const client = open(t, `replay-${transport}`);
      const jobId = await client.start("test-job", { chunks: 20, intervalMs: 0 });
      await client.ending(jobId);
      const all = client.of(jobId);

      const late = open(t, `replay-${transport}`);
      await late.connected();
      for (const lastSequence of [0, 7, all.length - 1, all.length]) {
        const seen = late.of(jobId).length;
        late.socket.emit("reconnect:sync", { jobId, lastSequence });
        const done = await late.event("sync:complete", (body) => body.lastSequence === lastSequence);
        assert.deepEqual(done, { jobId, replayed: all.length - lastSequence, lastSequence });
        assert.deepEqual(late.of(jobId).slice(seen), all.slice(lastSequence), "the same bytes, nothing before them");
      }
    });

    test("answers an ack when asked for one", async (t) => {
      const client = open(t, `ack-${transport}`);
      const jobId = await client.start("test-job", { chunks: 2, intervalMs: 0 });
      assert.equal((await client.call("reconnect:sync", { jobId, lastSequence: 0 })).ok, true);
    });

    test("a rewind while the job streams delivers each event once behind the rewind", async (t) => {
      const client = open(t, `live-${transport}`);
      const jobId = await client.start("test-job", slow);
      await client.chunks(jobId, 10);
      client.received.length = 0;
      client.socket.emit("reconnect:sync", { jobId, lastSequence: 0 });
      await client.event("sync:complete");
      await client.ending(jobId);

      const numbers = client.of(jobId).map(({ body }) => body.sequence);
      const rewound = numbers.slice(numbers.indexOf(1));
      assert.deepEqual(rewound, rewound.map((_, index) => index + 1));
    });

    test("a socket that connects while a job streams starts at its next event", async (t) => {
      const client = open(t, `head-${transport}`);
      const jobId = await client.start("test-job", slow);
      await client.chunks(jobId, 5);
      const late = open(t, `head-${transport}`);
      await late.ending(jobId);
      const numbers = late.of(jobId).map(({ body }) => body.sequence);
      assert.ok(numbers[0] > 5);
      assert.deepEqual(numbers, numbers.map((_, index) => numbers[0] + index));
    });

    for (const [what, fault] of Object.entries({
      "resets at a byte": (proxy) => proxy.cutAfter(1 + Math.floor(Math.random() * 3000)),
      "resets at once": (proxy) => proxy.cut(),
    })) {
      test(`a client whose line ${what} misses and doubles nothing`, async (t) => {
        const proxy = await Proxy.start(server.port);
        t.after(() => proxy.close());
        const client = open(t, `cut-${transport}`, proxy.url);
        const jobId = await client.start("test-job", { chunks: 120, intervalMs: 10 });
        const reader = new Reader(client, jobId);
        for (const at of [10, 40, 80]) {
          await reader.reached(at);
          await fault(proxy);
        }
        assert.equal((await reader.finished()).name, "job:completed");
        assert.equal(reader.chunks.length, 120);
        assert.equal(reader.gaps, 0);
        assert.equal(proxy.resets >= 3, true);
      });
    }

    test("a line that delivers in slivers delivers the same", async (t) => {
      const proxy = await Proxy.start(server.port);
      t.after(() => proxy.close());
      proxy.slice = { size: 7, pauseMillis: 0 };
      const client = open(t, `sliver-${transport}`, proxy.url);
      const jobId = await client.start("test-job", { chunks: 10, intervalMs: 0 });
      await client.ending(jobId);
      const numbers = client.of(jobId).map(({ body }) => body.sequence);
      assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
    });
  });
}

test("a client behind a black hole is given up by the heartbeat and comes back to the whole stream", async (t) => {
  const config = "[engine]\nping_interval_ms = 300\nping_timeout_ms = 300\n";
  const nervous = await Server.start({ config });
  t.after(() => nervous.dispose());
  const proxy = await Proxy.start(nervous.port);
  t.after(() => proxy.close());
  const client = sockets(t)(proxy.url, nervous.token("ada"));
  const jobId = await client.start("test-job", { chunks: 150, intervalMs: 10 });
  const reader = new Reader(client, jobId);
  await reader.reached(20);
  proxy.blackHole = true;
  const back = client.reconnected();
  client.socket.once("disconnect", () => (proxy.blackHole = false));
  await back;
  assert.equal((await reader.finished()).name, "job:completed");
  assert.equal(reader.chunks.length, 150);
});
