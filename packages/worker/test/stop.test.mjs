// Runs that have to stop: cancelled, fenced off, or in a worker that drains.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobStopped, PermanentError } from "../dist/index.js";
import { settle } from "./support/clock.mjs";
import { aJob, FakeServer } from "./support/fake_server.mjs";

const fenced = { error: "The lease has run out.", code: "fenced" };
const ended = { error: "The job has ended.", code: "job_ended" };

/** Resolves when the signal is aborted. */
function aborted(signal) {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}

/** A server with a running job whose handler waits for its signal, then does `then`. */
async function waiting(t, then = () => {}, more = {}) {
  const seen = { reason: undefined };
  const handler = async (job, context) => {
    seen.reason = (await aborted(context.signal)).reason;
    return then(context);
  };
  const server = new FakeServer(t, { handlers: { t: handler }, ...more });
  await server.begin();
  await server.silent();
  return { server, seen };
}

describe("a job that is taken away", () => {
  test("by a cancel reaches the handler, and nothing more is written", async (t) => {
    let thrown;
    const { server, seen } = await waiting(t, async ({ emit }) => {
      thrown = await emit("late").catch((error) => error);
      throw new Error("must not fail the job");
    });
    await server.event("stop", { job: "job_1", lease: "lease of job_1", reason: "cancelled" });
    assert.equal(seen.reason, "cancelled");
    assert.ok(thrown instanceof JobStopped);
    assert.equal((await server.next("claim")).arg.max, 1, "its place is free again");
    await server.silent();
  });

  test("by another lease is told as fenced; a stop for another lease is not for it", async (t) => {
    const { server, seen } = await waiting(t);
    await server.event("stop", { job: "job_1", lease: "an older one", reason: "cancelled" });
    assert.equal(seen.reason, undefined);
    await server.event("stop", { job: "job_1", lease: "lease of job_1", reason: "fenced" });
    assert.equal(seen.reason, "fenced");
  });

  for (const [answer, reason] of [[fenced, "fenced"], [ended, "cancelled"]]) {
    test(`is noticed by a renewal: ${answer.code}`, async (t) => {
      const { server, seen } = await waiting(t);
      await server.cut();
      await server.welcome();
      await server.answer("renew", { lost: [{ job: "job_1", ...answer }] });
      assert.equal(seen.reason, reason);
      assert.equal((await server.next("claim")).arg.max, 1);
    });

    test(`is noticed by a refused append: ${answer.code}, and what waited is dropped`, async (t) => {
      let thrown;
      const server = new FakeServer(t, {
        handlers: {
          t: async function* () {
            try {
              for (;;) yield "x";
            } catch (error) {
              thrown = error;
              throw error;
            }
          },
        },
      });
      await server.begin();
      await server.answer("append", answer);
      assert.equal(thrown.reason, reason);
      await server.next("claim");
      await server.silent();
    });
  }

  test("sends nothing again of what was refused for now", async (t) => {
    const server = new FakeServer(t, {
      handlers: {
        t: async function* () {
          yield "x";
        },
      },
      concurrency: 1,
    });
    await server.begin();
    await server.answer("append", { error: "Not now.", code: "overloaded" });
    await server.event("stop", { lease: "lease of job_1", reason: "cancelled" });
    await server.clock.advance(4_000);
    assert.deepEqual(server.connection.requests.map(({ event }) => event), ["claim"]);
  });

  test("is forgotten when its handler returns in time", async (t) => {
    const { server } = await waiting(t);
    await server.event("stop", { lease: "lease of job_1", reason: "cancelled" });
    await server.answer("claim", { jobs: [] });
    await server.clock.advance(20_000);
    assert.ok(!server.log.some(({ level }) => level === "warn"));
  });

  test("and handed out to the same worker again stops the older run only", async (t) => {
    const reasons = [];
    const handler = async (job, { signal }) => void reasons.push([job.attempt, (await aborted(signal)).reason]);
    const server = new FakeServer(t, { handlers: { t: handler }, concurrency: 2 });
    await server.welcome();
    await server.answer("claim", { jobs: [aJob()] });
    await server.answer("begin");
    await server.event("work");
    await server.answer("claim", { jobs: [aJob({ lease: "newer", epoch: 2, attempt: 2, hasBegun: true })] });
    assert.deepEqual(reasons, [[1, "fenced"]]);
    assert.equal((await server.answer("begin")).lease, "newer");
    await server.clock.advance(5_000);
    const renew = server.connection.requests.find(({ event }) => event === "renew");
    assert.deepEqual(renew.arg.leases, [["job_1", "newer"]]);
  });

  test("a handler that does not return keeps its place, and somebody is told", async (t) => {
    const server = new FakeServer(t, { handlers: { t: () => new Promise(() => {}) } });
    await server.begin();
    await server.event("stop", { lease: "lease of job_1", reason: "cancelled" });
    await server.clock.advance(10_000);
    assert.ok(server.log.some(({ level, message }) => level === "warn" && /has not returned/.test(message)));
    assert.ok(!server.connection.requests.some(({ event }) => event === "claim"));
  });
});

describe("a worker that drains", () => {
  test("gives back a job whose handler throws because of the signal, behind its checkpoint", async (t) => {
    const { server, seen } = await waiting(t, async ({ checkpoint, signal }) => {
      checkpoint({ next: 3 });
      signal.throwIfAborted();
    });
    const stopped = server.core.stop();
    await settle();
    assert.equal(seen.reason, "drain");
    assert.deepEqual((await server.answer("append")).events, [["checkpoint", { next: 3 }]]);
    await server.answer("release", { ok: true, state: "checkpointed" });
    await stopped;
    assert.equal(await server.ended, "stopped");
    assert.equal(server.connection.open, false);
    assert.equal(server.clock.timers, 0, "nothing is left that would keep the process");
  });

  test("gives back a job whose handler returns nothing after it has looked at the signal", async (t) => {
    const { server } = await waiting(t);
    server.core.stop();
    await server.answer("release");
    assert.equal(await server.ended, "stopped");
  });

  test("gives back a job that was about to begin, without running it", async (t) => {
    const server = new FakeServer(t, { handlers: { t: () => assert.fail("ran") } });
    await server.welcome();
    await server.answer("claim", { jobs: [aJob()] });
    server.core.stop();
    await server.answer("begin");
    await server.answer("release");
    assert.equal(await server.ended, "stopped");
  });

  test("completes a job whose handler returns a result", async (t) => {
    const { server } = await waiting(t, () => "done");
    server.core.stop();
    assert.equal((await server.answer("finish", { ok: true, state: "completed" })).result, "done");
  });

  test("completes a job whose handler never asked for its signal and comes to its end", async (t) => {
    let end;
    const server = new FakeServer(t, { handlers: { t: () => new Promise((resolve) => (end = resolve)) } });
    await server.begin();
    server.core.stop();
    await settle();
    end();
    assert.equal((await server.answer("finish", { ok: true, state: "completed" })).result, null);
  });

  test("fails a job whose handler says that it cannot be done", async (t) => {
    const { server } = await waiting(t, () => {
      throw new PermanentError("never");
    });
    server.core.stop();
    assert.equal((await server.answer("finish", { ok: true, state: "failed" })).error.message, "never");
  });

  test("stops a generator at its next yield, without that chunk, and lets it clean up", async (t) => {
    const steps = [];
    let go;
    const server = new FakeServer(t, {
      handlers: {
        t: async function* (job, { checkpoint }) {
          let next = 0;
          try {
            for (; ; next += 1) {
              yield next;
              await new Promise((resolve) => (go = resolve));
            }
          } catch (error) {
            steps.push(error.reason);
            await checkpoint({ next });
            throw error;
          } finally {
            steps.push("cleaned");
          }
        },
      },
    });
    await server.begin();
    assert.deepEqual((await server.answer("append")).events, [["chunk", 0]]);
    server.core.stop();
    await settle();
    go();
    assert.deepEqual((await server.answer("append")).events, [["checkpoint", { next: 1 }]]);
    await server.answer("release");
    assert.deepEqual(steps, ["drain", "cleaned"]);
  });

  test("ends a generator that yields on after it was told", async (t) => {
    let cleaned = false;
    const server = new FakeServer(t, {
      handlers: {
        t: async function* (job, { signal }) {
          await aborted(signal);
          try {
            for (;;) {
              try {
                yield 1;
              } catch {
                // It does not care.
              }
            }
          } finally {
            cleaned = true;
          }
        },
      },
    });
    await server.begin();
    server.core.stop();
    await server.answer("release");
    assert.equal(cleaned, true);
  });

  test("leaves a job whose handler does not return to its lease", async (t) => {
    const server = new FakeServer(t, { handlers: { t: () => new Promise(() => {}) }, drainMs: 2_000 });
    await server.begin();
    server.core.stop();
    await server.clock.advance(1_999);
    assert.equal(server.connection.open, true);
    await server.clock.advance(1);
    assert.equal(await server.ended, "stopped");
    await server.silent();
    assert.ok(server.log.some(({ message }) => /not given back in time/.test(message)));
  });

  test("lets jobs go on for finishMs before it tells them", async (t) => {
    const { server, seen } = await waiting(t, () => {}, { finishMs: 3_000 });
    server.core.stop();
    await server.clock.advance(2_999);
    assert.equal(seen.reason, undefined);
    await server.clock.advance(1);
    assert.equal(seen.reason, "drain");
    await server.event("work");
    await server.answer("release");
    await server.silent();
  });

  test("gives back what a claim on its way still brings, without running it", async (t) => {
    const server = new FakeServer(t, { handlers: { t: () => assert.fail("ran") } });
    await server.welcome();
    const claim = await server.next("claim");
    server.core.stop();
    await settle();
    assert.equal(server.connection.open, true);
    claim.answer({ jobs: [aJob()] });
    await server.answer("release");
    assert.equal(await server.ended, "stopped");
  });

  test("does not ask for more jobs when its last question was refused for now", async (t) => {
    const server = new FakeServer(t, { handlers: { t: async () => {} }, drainMs: 5_000 });
    await server.welcome();
    await server.answer("claim", { error: "Not now.", code: "overloaded" });
    server.core.stop();
    await server.clock.advance(4_000);
    await server.silent();
    assert.equal(await server.ended, "stopped");
  });

  test("that holds nothing ends at once, connected or not", async (t) => {
    const server = new FakeServer(t, { handlers: { t: async () => {} } });
    await server.core.stop();
    assert.equal(await server.ended, "stopped");
    assert.equal(server.clock.timers, 0);
  });
});
