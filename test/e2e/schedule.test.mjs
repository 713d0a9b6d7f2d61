import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sockets } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

describe("when jobs run", () => {
  let server;
  before(async () => {
    server = await Server.start({
      config: "[worker]\nthreads = 1\n[jobs]\nmax_active_per_user = 6\nstarts_per_minute = 7\n[jobs.types.test-job]\ndeadline_seconds = 2\n",
    });
  });
  after(() => server.dispose());
  const open = (t, user) => sockets(t)(server.url, server.token(user));
  const start = (client, more = {}, input = { chunks: 2, intervalMs: 1 }) =>
    client.call("start:job", { type: "test-job", input, ...more });

  test("a delayed job waits, and priorities order the jobs of a user", async (t) => {
    const client = open(t, "ordered");
    const running = await start(client, {}, { chunks: 100_000, intervalMs: 5 });
    await client.chunks(running.jobId, 1);
    const low = await start(client, { priority: -1 });
    const high = await start(client, { priority: 10 });
    const delayed = await start(client, { priority: 10, delayMs: 300 });
    await client.call("cancel:job", running.jobId);
    for (const { jobId } of [low, high, delayed]) assert.equal((await client.ending(jobId)).name, "job:completed");
    const begun = (jobId) => client.of(jobId).find(({ name }) => name === "job:started").body.timestamp;
    assert.ok(begun(high.jobId) <= begun(low.jobId));
    assert.ok(begun(low.jobId) <= begun(delayed.jobId));
  });

  test("a user whose jobs fill the worker does not keep another one out", async (t) => {
    const many = open(t, "many");
    const ids = [];
    for (let i = 0; i < 4; ++i) ids.push((await start(many, {}, { chunks: 40, intervalMs: 5 })).jobId);
    const one = open(t, "one");
    const { jobId } = await start(one);
    assert.equal((await one.ending(jobId)).name, "job:completed");
    const ended = ids.filter((id) => many.of(id).some(({ name }) => name === "job:completed"));
    assert.ok(ended.length < ids.length, "it did not wait for all of them");
    for (const id of ids) assert.equal((await many.ending(id)).name, "job:completed");
  });

  test("a job past its deadline fails as timed out and its handler stops", async (t) => {
    const client = open(t, "late");
    const { jobId } = await start(client, {}, { chunks: 100_000, intervalMs: 20 });
    const ending = await client.ending(jobId);
    assert.equal(ending.name, "job:failed");
    assert.equal(ending.body.payload.code, "timeout");
    const next = await start(client);  // The only thread is free again.
    assert.equal((await client.ending(next.jobId)).name, "job:completed");
  });

  test("what a user may not have is refused with the time to come back", async (t) => {
    const client = open(t, "greedy");
    const wrong = await start(client, { priority: 11 });
    assert.equal(wrong.code, "bad_request");
    assert.equal((await start(client, { delayMs: -1 })).code, "bad_request");
    const waiting = [];
    for (let i = 0; i < 6; ++i) waiting.push((await start(client, { delayMs: 60_000 })).jobId);
    assert.equal((await start(client)).code, "too_many_jobs");
    await client.call("cancel:job", waiting[0]);
    assert.ok((await start(client, { delayMs: 60_000 })).jobId);
    await client.call("cancel:job", waiting[1]);
    const refused = await start(client);
    assert.equal(refused.code, "rate_limited");
    assert.ok(refused.retryAfter > 0 && refused.retryAfter <= 60 / 7, String(refused.retryAfter));
  });
});
