import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import { sockets, within } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server } from "./support/server.mjs";
import { standing } from "./support/standing.mjs";
import { Worker } from "./support/worker.mjs";

const config = `[worker]
threads = 0
remote_types = ["build"]
lease_ms = 1500
[exec.commands.slow]
argv = ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done"]
[exec.commands.again]
argv = ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done"]
restartable = true
`;
const slow = { chunks: 150, intervalMs: 20 };

const numbers = (events) => standing(events).map((chunk) => Number(/\d+/.exec(chunk)[0]));
const whole = Array.from({ length: slow.chunks }, (_, index) => index + 1);

describe("hawser worker", () => {
  let server;
  const workers = [];
  const proxies = [];
  before(async () => {
    server = await Server.start({ config });
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.dispose()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await server.dispose();
  });
  const begin = async (options) => {
    const worker = await Worker.start(server, options);
    workers.push(worker);
    return worker;
  };
  const open = (t, user) => sockets(t)(server.url, server.token(user));
  const complete = async (client, jobId) => {
    assert.equal((await client.ending(jobId)).name, "job:completed");
    return client.of(jobId);
  };

  test("runs what the server does not run itself, and drains at SIGTERM so that another one goes on", async (t) => {
    const client = open(t, "drain");
    const jobId = await client.start("test-job", slow);
    assert.equal(client.of(jobId).length, 0);
    const first = await begin({ name: "first" });
    await client.chunks(jobId, 10);
    assert.deepEqual(await first.end("SIGTERM"), { code: 0, signal: null });
    const second = await begin({ name: "second" });
    const events = await complete(client, jobId);
    assert.deepEqual(numbers(events), whole);
    assert.equal(events.filter(({ name }) => name === "job:resumed").length, 1);
    await second.kill();
  });

  test("a worker killed with -9 is replaced within one lease, and nothing is lost or doubled", async (t) => {
    const client = open(t, "killed");
    const first = await begin({ name: "first" });
    const jobId = await client.start("test-job", slow);
    await client.chunks(jobId, 30);
    const second = await begin({ name: "second" });
    const killed = Date.now();
    await first.kill();
    await client.event("job:resumed", (body) => body.jobId === jobId);
    t.diagnostic(`taken over after ${Date.now() - killed} ms of a lease of 1500 ms`);
    assert.deepEqual(numbers(await complete(client, jobId)), whole);
    await second.kill();
  });

  test("a worker that was stopped past its lease comes back as a zombie and writes nothing", async (t) => {
    const client = open(t, "zombie");
    const zombie = await begin({ name: "zombie" });
    const jobId = await client.start("test-job", slow);
    await client.chunks(jobId, 20);
    zombie.signal("SIGSTOP");
    const heir = await begin({ name: "heir" });
    await client.event("job:resumed", (body) => body.jobId === jobId);
    zombie.signal("SIGCONT");
    const events = await complete(client, jobId);
    assert.deepEqual(numbers(events), whole);
    assert.equal(events.filter(({ name }) => name === "job:resumed").length, 1);
    assert.deepEqual(await zombie.end("SIGTERM"), { code: 0, signal: null }, "the handler has stopped");
    await heir.kill();
  });

  test("a server killed with -9 does not stop the handler", async (t) => {
    const client = open(t, "restart");
    const worker = await begin();
    const jobId = await client.start("test-job", slow);
    await client.chunks(jobId, 20);
    await server.crash();
    const events = await complete(client, jobId);
    assert.deepEqual(numbers(events), whole);
    assert.equal(events.filter(({ name }) => name === "job:resumed").length, 0, "the same run goes on");
    await worker.kill();
  });

  test("a line that is cut again and again, or says nothing more, costs nothing", async (t) => {
    const proxy = await Proxy.start(server.port);
    proxies.push(proxy);
    const client = open(t, "cuts");
    const worker = await begin({ url: proxy.url });
    const jobId = await client.start("test-job", slow);
    for (let i = 1; i <= 4; ++i) {
      await client.chunks(jobId, i * 20);
      await proxy.cut();
    }
    const events = await complete(client, jobId);
    assert.deepEqual(numbers(events), whole);
    await worker.kill();
  });

  test("cancel reaches a handler in another process, which ends", async (t) => {
    const client = open(t, "cancel");
    const worker = await begin();
    const jobId = await client.start("exec", { command: "slow" });
    await client.chunks(jobId, 2);
    assert.equal((await client.call("cancel:job", jobId)).state, "cancelled");
    assert.equal((await client.ending(jobId)).name, "job:cancelled");
    // Its only way to be done at once is that the handler has stopped.
    assert.deepEqual(await within(worker.end("SIGTERM"), "the worker's end", 5_000), { code: 0, signal: null });
  });

  test("exec is not run twice by a takeover unless it may be, and then says so", async (t) => {
    const client = open(t, "exec");
    const first = await begin({ name: "first" });
    const once = await client.start("exec", { command: "slow" });
    const again = await client.start("exec", { command: "again" });
    await client.chunks(once, 2);
    await client.chunks(again, 2);
    await first.kill();
    const second = await begin({ name: "second" });
    const failed = await client.ending(once);
    assert.equal(failed.name, "job:failed");
    assert.equal(failed.body.payload.code, "interrupted");
    const events = await complete(client, again);
    const output = standing(events).map(({ text }) => text).join("");
    assert.equal(output.replace(/\s/g, ""), "12345678");
    await second.kill();
  });

  test("tokens open what they are for", async (t) => {
    const refused = (nsp, token) =>
      new Promise((resolve) => {
        const socket = io(server.url + nsp, { auth: { token }, transports: ["websocket"], forceNew: true });
        t.after(() => socket.close());
        socket.on("connect_error", (error) => resolve(error.message));
        socket.on("connect", () => resolve("connected"));
      });
    const worker = server.command(["token", "--worker", "far", "--type", "build"]).trim();
    assert.equal(await refused("/workers", worker), "connected");
    assert.equal(await refused("/", worker), "Authentication failed");
    assert.equal(await refused("/workers", server.token("ann")), "Invalid token: missing worker");
  });

  test("a stock client speaks the protocol in a few lines", async (t) => {
    const token = server.command(["token", "--worker", "tiny", "--type", "build"]).trim();
    const far = sockets(t)(`${server.url}/workers`, token);
    const client = open(t, "stock");
    await far.event("welcome");
    assert.deepEqual(await far.call("claim", {}), { jobs: [] });
    const jobId = await client.start("build", { target: "all" });
    await far.event("work");
    const { jobs } = await far.call("claim", { max: 5 });
    const [{ job, lease, input }] = jobs;
    assert.equal(job, jobId);
    assert.deepEqual(input, { target: "all" });
    assert.equal((await far.call("begin", { job, lease, from: "last_event" })).ok, true);
    const events = [["progress", { current: 1, total: 2, percentage: 50 }], ["chunk", "cc -c a.c"], ["checkpoint", { done: ["a"] }]];
    assert.deepEqual(await far.call("append", { job, lease, from: 1, events }), { ok: true, lastSequence: 4 });
    assert.deepEqual(await far.call("finish", { job, lease, result: { ok: 1 } }), { ok: true, state: "completed" });
    const log = await complete(client, jobId);
    assert.deepEqual(log.map(({ name }) => name), ["job:started", "job:progress", "job:chunk", "job:checkpoint", "job:completed"]);
    assert.equal((await far.call("append", { job, lease, from: 4, events })).code, "job_ended");
  });
});
