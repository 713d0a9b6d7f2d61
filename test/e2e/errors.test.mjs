import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sockets, transports } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.dispose());

function assertError(answer, code) {
  assert.equal(answer.code, code, JSON.stringify(answer));
  assert.equal(typeof answer.error, "string");
  assert.ok(answer.error.length > 0);
}

for (const transport of transports) {
  describe(`errors by ${transport}`, () => {
    const open = (t, user) => sockets(t)(server.url, server.token(user), { transports: [transport] });

    /** Runs `abuse` beside a client of somebody else, which must not notice. */
    async function besideOthers(t, abuse) {
      const other = open(t, `bystander-${transport}`);
      const pid = server.pid;
      const jobId = await other.start("test-job", { chunks: 30, intervalMs: 10 });
      await other.chunks(jobId, 1);
      const client = open(t, `abuser-${transport}`);
      await client.connected();
      await abuse(client, other);
      assert.equal((await other.ending(jobId)).name, "job:completed");
      const numbers = other.of(jobId).map(({ body }) => body.sequence);
      assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
      assert.deepEqual(other.received.filter(({ name }) => name === "job:error"), []);
      assert.equal(server.pid, pid);
      process.kill(pid, 0);
    }

    test("an unknown job type names itself", async (t) => {
      await besideOthers(t, async (client) => {
        assertError(await client.call("start:job", { type: "no-such", input: {} }), "unknown_type");
      });
    });

    test("an input over the limit is refused and the connection goes on", async (t) => {
      await besideOthers(t, async (client) => {
        const input = { chunks: 1, padding: "x".repeat(256 * 1024) };
        assertError(await client.call("start:job", { type: "test-job", input }), "input_too_large");
        await client.ending(await client.start("test-job", { chunks: 1, intervalMs: 0 }));
      });
    });

    test("somebody else's job and an unknown job answer alike to every command", async (t) => {
      await besideOthers(t, async (client, other) => {
        const foreign = other.received.find(({ body }) => body?.jobId).body.jobId;
        const unknown = foreign.slice(0, -4) + (foreign.endsWith("0000") ? "1111" : "0000");
        for (const jobId of [foreign, unknown]) {
          for (const [name, argument] of [
            ["subscribe:job", jobId],
            ["unsubscribe:job", jobId],
            ["cancel:job", jobId],
            ["resume:job", jobId],
            ["reconnect:sync", { jobId, lastSequence: 0 }],
          ]) {
            const answer = await client.call(name, argument);
            assertError(answer, "not_found");
            assert.equal(answer.error, `Job not found: ${jobId}`, name);
          }
        }
        assert.deepEqual(client.of(foreign), []);
      });
    });

    test("malformed arguments of every command are refused", async (t) => {
      await besideOthers(t, async (client) => {
        const bad = [null, 7, true, "", [], {}, { jobId: 7 }, { jobId: null, lastSequence: 0 }, "x".repeat(5000)];
        for (const name of ["subscribe:job", "unsubscribe:job", "cancel:job", "resume:job", "reconnect:sync"]) {
          for (const argument of bad) {
            const answer = await client.call(name, argument);
            assert.match(answer.code, /^(bad_request|not_found)$/, `${name} ${JSON.stringify(argument)}`);
          }
          assertError(await client.call(name), "bad_request");
        }
      });
    });

    test("malformed starts are refused", async (t) => {
      await besideOthers(t, async (client) => {
        const starts = [
          null, 7, "test-job", [], {}, { type: 7, input: {} }, { input: {} }, { type: "", input: {} },
          { type: "test-job", input: {}, idempotencyKey: 7 },
          { type: "test-job", input: {}, idempotencyKey: "k".repeat(129) },
          { type: "test-job", input: { chunks: -5 } },
          { type: "test-job", input: { chunks: "many" } },
          { type: "test-job", input: "text" },
        ];
        for (const start of starts) {
          assertError(await client.call("start:job", start), "bad_request");
        }
        assertError(await client.call("start:job"), "bad_request");
      });
    });

    test("an event without the ack it expects is a job:error to that client", async (t) => {
      await besideOthers(t, async (client) => {
        client.socket.emit("start:job", { type: "test-job", input: { chunks: 1 } });
        assertError(await client.event("job:error"), "bad_request");
        client.received.length = 0;
        client.socket.emit("cancel:job", "job_unknown");
        const error = await client.event("job:error");
        assertError(error, "not_found");
        assert.equal(error.jobId, "job_unknown");
        client.received.length = 0;
        client.socket.emit("reconnect:sync");
        assertError(await client.event("job:error"), "bad_request");
      });
    });

    test("unknown events, surplus arguments and binary do no harm", async (t) => {
      await besideOthers(t, async (client) => {
        client.socket.emit("no:such", { deep: [1, 2, 3] });
        client.socket.emit("start:job", Buffer.from([1, 2, 3]), () => {});
        client.socket.emit("subscribe:job", { file: Buffer.alloc(100) });
        const jobId = await client.start("test-job", { chunks: 1, intervalMs: 0 });
        assert.equal((await client.ending(jobId)).name, "job:completed");
      });
    });

    test("a lastSequence that is negative, no integer or above the head is bad_sequence", async (t) => {
      await besideOthers(t, async (client) => {
        const jobId = await client.start("test-job", { chunks: 3, intervalMs: 0 });
        await client.ending(jobId);
        const head = client.of(jobId).length;
        for (const lastSequence of [-1, 1.5, head + 1, 2 ** 53, 1e300, "3", null, [], true]) {
          assertError(await client.call("reconnect:sync", { jobId, lastSequence }), "bad_sequence");
        }
      });
    });

    test("resume:job of a job that has not failed names its state", async (t) => {
      await besideOthers(t, async (client) => {
        const jobId = await client.start("test-job", { chunks: 1, intervalMs: 0 });
        await client.ending(jobId);
        const answer = await client.call("resume:job", jobId);
        assertError(answer, "invalid_state");
        assert.match(answer.error, /completed/);
      });
    });
  });
}

test("a socket that floods commands is told so, and its user's other socket is served", async (t) => {
  const flood = sockets(t)(server.url, server.token("flood"));
  await flood.connected();
  const answers = await Promise.all(Array.from({ length: 3000 }, () => flood.call("cancel:job", "job_unknown")));
  const codes = new Set(answers.map(({ code }) => code));
  assert.ok(codes.has("rate_limited"), [...codes].join());
  const other = sockets(t)(server.url, server.token("flood"));
  await other.ending(await other.start("test-job", { chunks: 1, intervalMs: 0 }));
});

test("a user's unfinished jobs are bounded", async (t) => {
  const client = sockets(t)(server.url, server.token("greedy"));
  const jobs = [];
  let answer;
  for (let count = 0; count <= 256; count += 1) {
    answer = await client.call("start:job", { type: "test-job", input: { chunks: 100_000, intervalMs: 1000 } });
    if (!answer.jobId) break;
    jobs.push(answer.jobId);
  }
  assertError(answer, "too_many_jobs");
  assert.equal(jobs.length, 256);
  for (const jobId of jobs) assert.equal((await client.call("cancel:job", jobId)).ok, true);
  await client.ending(await client.start("test-job", { chunks: 1, intervalMs: 0 }));
});
