// What the worker says over lines that break, and how it asks for work.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settle } from "./support/clock.mjs";
import { aJob, FakeServer, welcome } from "./support/fake_server.mjs";

const never = () => new Promise(() => {});

function streaming(t, chunks = 3, more = {}) {
  const handler = async (job, { emit }) => {
    for (let i = 1; i <= chunks; i += 1) await emit(i);
  };
  return new FakeServer(t, { handlers: { t: handler }, ...more });
}

describe("after a connection has broken", () => {
  test("the leases are renewed, then what was not acknowledged is sent again, then it claims", async (t) => {
    const server = streaming(t, 3, { concurrency: 2 });
    await server.begin();
    const lost = await server.next("append");
    await server.cut();
    await server.silent();
    await server.welcome();
    assert.deepEqual(await server.answer("renew", { lost: [] }), { leases: [["job_1", "lease of job_1"]] });
    const again = await server.connection.requests.find(({ event }) => event === "append");
    assert.deepEqual(again.arg, lost.arg, "the same batch under the same numbers");
    lost.answer({ ok: true });
    await settle();
    const events = server.connection.requests.map(({ event }) => event).sort();
    assert.deepEqual(events, ["append", "claim"], "an answer of the old connection counts no more");
  });

  for (const lost of ["begin", "finish"]) {
    test(`${lost} is sent again`, async (t) => {
      const server = new FakeServer(t, { handlers: { t: async () => "r" } });
      await server.welcome();
      await server.answer("claim", { jobs: [aJob()] });
      if (lost === "finish") await server.answer("begin");
      const first = await server.next(lost);
      await server.cut();
      await server.welcome();
      await server.answer("renew", { lost: [] });
      assert.deepEqual((await server.next(lost)).arg, first.arg);
    });
  }

  test("a claim is not sent again as such: what it brought was given back", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never } });
    await server.welcome();
    const claim = await server.next("claim");
    await server.cut();
    claim.answer({ jobs: [aJob()] });
    await server.welcome();
    assert.equal((await server.next("claim")).arg.max, 1, "nothing came of the old connection, so nothing is renewed");
  });

  test("nothing that the old one still says counts", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never }, concurrency: 2 });
    await server.begin();
    const old = server.connection;
    await server.cut();
    old.listener.event("welcome", welcome);
    old.listener.down("ping timeout", false);
    await settle();
    assert.equal(server.connection.open, true);
    await server.silent();
  });

  test("the handler goes on up to the window, then waits", async (t) => {
    let emitted = 0;
    const handler = async (job, { emit }) => {
      for (; emitted < 100; emitted += 1) await emit(emitted);
    };
    const server = new FakeServer(t, { handlers: { t: handler } });
    await server.begin();
    await server.cut();
    await server.clock.advance(10_000);
    assert.equal(emitted, 4);
  });

  test("it comes back ever later to a server that takes it and drops it, and says so", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never } });
    const times = [];
    await server.welcome();
    for (let i = 0; i < 8; i += 1) {
      times.push(server.clock.now());
      await server.cut();
      await server.welcome();
    }
    assert.ok(times[7] - times[6] > 10 * (times[1] - times[0]), String(times));
    assert.ok(server.log.filter(({ level }) => level === "warn").length > 5);
    await server.clock.advance(5_000);
    const steady = server.clock.now();
    await server.cut();
    assert.ok(server.clock.now() - steady <= 200);
  });

  test("it comes back at growing intervals, but well within a lease", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never } });
    await server.begin();
    const times = [];
    for (let i = 0; i < 12; i += 1) {
      await server.cut();
      times.push(server.clock.now());
    }
    const pauses = times.map((time, i) => time - (times[i - 1] ?? 0));
    assert.ok(pauses[1] <= 500 && pauses.at(-1) > pauses[0] && Math.max(...pauses) <= 15_000 / 4, String(pauses));
  });
});

describe("an answer that does not come", () => {
  test("within two thirds of a lease means that the connection is dead", async (t) => {
    const server = streaming(t);
    await server.begin();
    await server.next("append");
    const first = server.connection;
    await server.clock.until(() => !first.open, 10_001);
    assert.ok(server.clock.now() >= 10_000);
    await server.clock.until(() => server.connection !== first);
  });

  test("nor a welcome", async (t) => {
    const server = streaming(t);
    await settle();
    const first = server.connection;
    await server.clock.advance(15_000);
    assert.equal(first.open, false);
    await server.clock.until(() => server.connection !== first);
  });
});

describe("a refusal for now", () => {
  for (const code of ["overloaded", "storage_full", "rate_limited", "shutting_down"]) {
    test(`is met by sending the same again after a while: ${code}`, async (t) => {
      const server = streaming(t, 1);
      await server.begin();
      const first = await server.answer("append", { error: "Not now.", code });
      await server.silent();
      await server.clock.advance(200);
      assert.deepEqual(await server.answer("append"), first);
    });
  }

  test("waits as long as the server says", async (t) => {
    const server = streaming(t, 1);
    await server.begin();
    await server.answer("append", { error: "Not now.", code: "storage_full", retryAfter: 3 });
    await server.clock.advance(2_999);
    await server.silent();
    await server.clock.advance(1);
    await server.next("append");
  });

  test("ends with the next connection", async (t) => {
    const server = streaming(t, 1);
    await server.begin();
    await server.answer("append", { error: "Bye.", code: "shutting_down", retryAfter: 60 });
    await server.cut();
    await server.welcome();
    await server.answer("renew", { lost: [] });
    await server.next("append");
  });
});

test("a refusal of output that stays fails the job with the server's words", async (t) => {
  const server = streaming(t, 3);
  await server.begin();
  await server.answer("append", { error: "Too deep.", code: "bad_request" });
  const { error, retryable } = (await server.next("finish")).arg;
  assert.match(error.message, /refused the job's output: Too deep\./);
  assert.equal(retryable, false);
});

test("a begin that the server does not take gives the job back", async (t) => {
  const server = streaming(t);
  await server.welcome();
  await server.answer("claim", { jobs: [aJob()] });
  await server.answer("begin", { error: "What?", code: "bad_request" });
  await server.next("release");
  assert.ok(server.log.some(({ level }) => level === "error"));
});

describe("claims", () => {
  test("are for as many as there are free places, and follow a hint and the end of a job", async (t) => {
    let end;
    const handler = () => new Promise((resolve) => (end = resolve));
    const server = new FakeServer(t, { handlers: { t: handler, u: never }, concurrency: 3 });
    await server.welcome();
    assert.deepEqual(await server.answer("claim", { jobs: [aJob()] }), { max: 3, types: ["t", "u"] });
    await server.answer("begin");
    await server.silent();
    await server.event("work");
    await server.event("work");
    assert.equal((await server.answer("claim", { jobs: [] })).max, 2);
    assert.equal((await server.answer("claim", { jobs: [] })).max, 2, "a hint while one is asked for is not forgotten");
    await server.silent();
    end();
    await server.answer("finish", { ok: true, state: "completed" });
    assert.equal((await server.answer("claim", { jobs: [] })).max, 3);
  });

  test("are not made without a free place, and are repeated at once when all that was asked for came", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never }, concurrency: 65 });
    await server.welcome();
    const jobs = Array.from({ length: 64 }, (_, i) => aJob({ job: `job_${i}` }));
    assert.equal((await server.answer("claim", { jobs })).max, 64);
    const { arg, answer } = server.connection.requests.find(({ event }) => event === "claim");
    assert.equal(arg.max, 1);
    server.connection.requests.length = 0;
    answer({ jobs: [aJob({ job: "last" })] });
    await server.answer("begin");
    await server.event("work");
    await server.silent();
  });

  test("are made every five seconds, as hints may be lost", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never } });
    await server.welcome();
    await server.answer("claim", { jobs: [] });
    await server.clock.advance(4_999);
    await server.silent();
    await server.clock.advance(1);
    await server.next("claim");
  });

  test("name only the types that the token allows, and the others are told", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never, u: never } });
    await server.welcome({ types: ["t"] });
    assert.deepEqual((await server.next("claim")).arg.types, ["t"]);
    assert.ok(server.log.some(({ message }) => /no jobs will come for u/.test(message)));
  });

  test("that no handler fits end the worker with what to do", async (t) => {
    const server = new FakeServer(t, { handlers: { t: never } });
    await server.welcome({ types: ["x", "y"] });
    assert.match((await server.ended).message, /allows only: x, y; `hawser token/);
  });
});

test("all leases are renewed together, in time", async (t) => {
  const server = new FakeServer(t, { handlers: { t: never }, concurrency: 3 });
  await server.welcome();
  await server.answer("claim", { jobs: [aJob({ job: "a" }), aJob({ job: "b" })] });
  await server.answer("begin");
  await server.answer("begin");
  await server.clock.advance(4_999);
  await server.silent();
  for (let i = 0; i < 2; i += 1) {
    await server.clock.advance(1);
    assert.deepEqual(server.connection.requests.filter(({ event }) => event === "renew").map(({ arg }) => arg.leases), [
      [["a", "lease of a"], ["b", "lease of b"]],
    ]);
    for (const { answer } of server.connection.requests.splice(0)) answer({ lost: [], jobs: [] });
    await server.clock.advance(4_999);
  }
});

test("a refusal to hand out jobs is told once", async (t) => {
  const server = new FakeServer(t, { handlers: { t: never } });
  await server.welcome();
  for (let i = 0; i < 3; i += 1) {
    await server.answer("claim", { error: "The server does not know the job type t.", code: "unknown_type" });
    await server.clock.advance(5_000);
  }
  assert.equal(server.log.filter(({ message }) => /does not know/.test(message)).length, 1);
});

test("a worker whose event loop was blocked says so", async (t) => {
  const server = new FakeServer(t, { handlers: { t: never } });
  await server.begin();
  const now = server.clock.now.bind(server.clock);
  server.clock.now = () => now() + 6_000;
  await server.clock.advance(5_000);
  assert.ok(server.log.some(({ message }) => /blocks its event loop/.test(message)));
});
