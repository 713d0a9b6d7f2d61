// What a handler writes, and how it gets to the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PermanentError, RetryableError } from "../dist/index.js";
import { settle } from "./support/clock.mjs";
import { aJob, FakeServer } from "./support/fake_server.mjs";

function serverFor(t, handler, more = {}) {
  return new FakeServer(t, { handlers: { t: handler }, ...more });
}

const finish = (arg) => ({ job: "job_1", lease: "lease of job_1", ...arg });

test("a generator's chunks are appended in order and its result finishes the job", async (t) => {
  const server = serverFor(t, async function* (job) {
    for (let i = 0; i < 10; i += 1) yield { i };
    return { from: job.user };
  });
  assert.deepEqual(await server.begin(), { job: "job_1", lease: "lease of job_1", from: "last_event" });
  const { events, event, arg } = await server.play();
  assert.deepEqual(events, Array.from({ length: 10 }, (_, i) => ["chunk", { i }]));
  assert.equal(event, "finish");
  assert.deepEqual(arg, finish({ result: { from: "ada" } }));
});

test("a function emits, and no result is null", async (t) => {
  const server = serverFor(t, async (job, { emit }) => {
    await emit("a");
    await emit(null);
  });
  await server.begin();
  const { events, arg } = await server.play();
  assert.deepEqual(events, [["chunk", "a"], ["chunk", null]]);
  assert.deepEqual(arg, finish({ result: null }));
});

test("one append is in flight; what comes meanwhile goes together in the next", async (t) => {
  const server = serverFor(t, async (job, { emit }) => {
    for (const chunk of [1, 2, 3]) await emit(chunk);
  });
  await server.begin();
  const first = await server.next("append");
  await server.silent();
  assert.deepEqual([first.arg.from, first.arg.events], [1, [["chunk", 1]]]);
  first.answer({ ok: true });
  const second = await server.next("append");
  assert.deepEqual([second.arg.from, second.arg.events], [2, [["chunk", 2], ["chunk", 3]]]);
});

test("emit waits while the window of events is full", async (t) => {
  let emitted = 0;
  const server = serverFor(t, async (job, { emit }) => {
    for (; emitted < 6; emitted += 1) await emit(emitted);
  });
  await server.begin();
  const first = await server.next("append");
  assert.equal(emitted, 4);
  first.answer({ ok: true });
  await settle();
  assert.equal(emitted, 5);
  assert.equal((await server.next("append")).arg.events.length, 4, "the chunk that waited goes with those before it");
});

test("emit waits while the window of bytes is full, and one larger event passes alone", async (t) => {
  const large = "x".repeat(500);
  let emitted = 0;
  const server = serverFor(t, async (job, { emit }) => {
    for (const chunk of ["a", large, "b"]) {
      await emit(chunk);
      emitted += 1;
    }
  });
  await server.begin();
  await server.answer("append");
  assert.equal(emitted, 2);
  assert.deepEqual((await server.answer("append")).events, [["chunk", large]]);
  assert.deepEqual((await server.answer("append")).events, [["chunk", "b"]]);
});

test("a chunk is written as it was when it was emitted", async (t) => {
  const server = serverFor(t, async (job, { emit }) => {
    const chunk = { text: "now" };
    emit("first");
    emit(chunk);
    chunk.text = "later";
  });
  await server.begin();
  assert.deepEqual((await server.play()).events[1], ["chunk", { text: "now" }]);
});

test("chunks that nobody waited for are written before the job ends", async (t) => {
  const server = serverFor(t, async (job, { emit }) => {
    for (let i = 0; i < 50; i += 1) emit(i);
  });
  await server.begin();
  const { events, event } = await server.play();
  assert.equal(events.length, 50);
  assert.equal(event, "finish");
});

test("a handler that never waits fails instead of filling the memory", async (t) => {
  const server = serverFor(t, async (job, { emit }) => {
    for (let i = 0; i < 20_000; i += 1) emit(i);
  });
  await server.begin();
  const { arg, events } = await server.play();
  assert.match(arg.error.message, /`await`/);
  assert.equal(arg.retryable, false);
  assert.ok(events.length <= 4);
});

for (const [what, chunk, sentence] of [
  ["is not JSON", undefined, /undefined, which JSON does not have/],
  ["has no JSON", 1n, /cannot be written as JSON/],
  ["is too large", "x".repeat(1000), /1002 bytes; at most 1000/],
]) {
  test(`a chunk that ${what} fails the job for good, even if the handler does not look`, async (t) => {
    const server = serverFor(t, async (job, { emit }) => {
      emit("before");
      emit(chunk);
      emit("behind");
      return "done";
    });
    await server.begin();
    const { events, arg } = await server.play();
    assert.deepEqual(events, [["chunk", "before"]]);
    assert.match(arg.error.message, sentence);
    assert.equal(arg.retryable, false);
  });
}

test("a result that is too large fails the job and says so", async (t) => {
  const server = serverFor(t, async () => "x".repeat(1000));
  await server.begin();
  assert.match((await server.play()).arg.error.message, /result has 1002 bytes/);
});

test("progress goes out at most ten times a second, the newest, and the last before the end", async (t) => {
  let proceed;
  const gate = new Promise((resolve) => (proceed = resolve));
  const server = serverFor(t, async (job, { progress }) => {
    for (let current = 1; current <= 5; current += 1) progress({ current, total: 10 });
    await gate;
    progress({ current: 9, total: 10, message: "soon" });
    progress({ current: 10, total: 10, percentage: 99 });
  });
  await server.begin();
  assert.deepEqual((await server.answer("append")).events, [["progress", { current: 1, total: 10, percentage: 10 }]]);
  await server.clock.advance(99);
  await server.silent();
  await server.clock.advance(1);
  assert.deepEqual((await server.answer("append")).events, [["progress", { current: 5, total: 10, percentage: 50 }]]);
  proceed();
  const { events, event } = await playFrom(server, 3);
  assert.deepEqual(events, [["progress", { current: 10, total: 10, percentage: 99 }]]);
  assert.equal(event, "finish");
});

async function playFrom(server, from) {
  const { events, arg } = await server.answer("append").then((arg) => ({ events: arg.events, arg }));
  assert.equal(arg.from, from);
  return { events, event: (await server.next("finish")).event };
}

test("checkpoint resolves when it is on disk, behind the chunks before it", async (t) => {
  let written = false;
  const server = serverFor(t, async (job, { emit, checkpoint }) => {
    emit("a");
    await checkpoint({ next: 1 });
    written = true;
  });
  await server.begin();
  await server.answer("append");
  const second = await server.next("append");
  assert.deepEqual(second.arg.events, [["checkpoint", { next: 1 }]]);
  assert.equal(written, false);
  second.answer({ ok: true });
  await settle();
  assert.equal(written, true);
});

test("checkpointWith writes the state behind every so many chunks, as the job's type wants it", async (t) => {
  const server = serverFor(t, async function* (job, { checkpointWith }) {
    let next = 0;
    checkpointWith(() => ({ next }));
    while (next < 7) {
      next += 1;
      yield next;
    }
  });
  await server.begin(aJob({ checkpointEvery: 3 }));
  const { events } = await server.play();
  const checkpoints = events.flatMap(([kind, payload], at) => (kind === "checkpoint" ? [[at, payload.next]] : []));
  assert.deepEqual(checkpoints, [[3, 3], [7, 6]]);
});

for (const [what, error, expected] of [
  ["any error", new Error("no luck"), { error: { message: "no luck", code: "handler_failed" }, retryable: true }],
  ["what is no error", "no luck", { error: { message: "no luck", code: "handler_failed" }, retryable: true }],
  ["RetryableError", new RetryableError("busy", { code: "upstream_busy" }), { error: { message: "busy", code: "upstream_busy" }, retryable: true }],
  ["PermanentError", new PermanentError("no", { code: "bad_input" }), { error: { message: "no", code: "bad_input" }, retryable: false }],
  ["a code that is no word", new PermanentError("no", { code: "Bad Input" }), { error: { message: "no", code: "handler_failed" }, retryable: false }],
]) {
  test(`a handler that throws fails the job behind its output: ${what}`, async (t) => {
    const server = serverFor(t, async function* () {
      yield 1;
      throw error;
    });
    await server.begin();
    const { events, arg } = await server.play();
    assert.deepEqual(events, [["chunk", 1]]);
    assert.deepEqual(arg, finish(expected));
  });
}

test("a handler that throws before it is asynchronous only fails its job", async (t) => {
  const server = serverFor(t, () => {
    throw new Error("at once");
  });
  await server.begin();
  assert.equal((await server.play()).arg.error.message, "at once");
});
