// Administrators: `hawser jobs` and /admin/ on a running server, with real processes.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { sockets, within } from "./support/client.mjs";
import { Server, program } from "./support/server.mjs";

const kDone = 0;
const kRefused = 1;
const kUsage = 2;
const kNoAccess = 4;

describe("hawser jobs", () => {
  let server;
  let adminToken;
  before(async () => {
    server = await Server.start({ config: `[exec.commands.fail]\nargv = ["/bin/false"]\n` });
    adminToken = execFileSync(program, ["token", "--admin"], { env: server.env, encoding: "utf8" }).trim();
  });
  after(() => server.dispose());

  /** Without a token of its own: it is made with the secret of the server on this machine. */
  function hawser(args, env = {}) {
    const child = spawn(program, args, { env: { ...server.env, HAWSER_URL: server.url, ...env } });
    let out = "";
    let err = "";
    child.stdout.on("data", (bytes) => (out += bytes));
    child.stderr.on("data", (bytes) => (err += bytes));
    const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
    return within(ended, `end of hawser ${args.join(" ")}`);
  }
  const jobs = (...args) => hawser(["jobs", ...args]);
  const json = async (...args) => {
    const { code, out, err } = await jobs(...args, "--json");
    assert.equal(code, kDone, err);
    return out.trim() === "" ? [] : out.trim().split("\n").map((line) => JSON.parse(line));
  };

  const admin = (method, path, token = adminToken) =>
    fetch(server.url + path, { method, headers: token ? { authorization: `Bearer ${token}` } : {} });

  async function open(t, user) {
    const client = sockets(t)(server.url, server.token(user));
    await client.connected();
    return client;
  }
  async function failedJob(client) {
    const id = await client.start("exec", { command: "fail" });
    await client.event("job:failed", ({ jobId }) => jobId === id);
    return id;
  }

  test("lists the dead letters of all users with their errors, and runs one again for its user", async (t) => {
    const client = await open(t, "ann");
    const id = await failedJob(client);
    const [dead] = (await json("list", "--dead", "--user", "ann")).filter((job) => job.jobId === id);
    assert.equal(dead.state, "failed");
    assert.equal(dead.lastError.code, "handler_failed");
    const table = await jobs("list", "--dead");
    assert.match(table.out, new RegExp(`${id} +failed .* exec +ann `));
    const retried = await jobs("retry", id);
    assert.equal(retried.code, kDone, retried.err);
    await client.event("job:resumed", ({ jobId }) => jobId === id);
  });

  test("shows a job, its place and its input, cancels it, and deletes it once it has ended", async (t) => {
    const client = await open(t, "ben");
    const id = await client.start("test-job", { chunks: 100_000, intervalMs: 20 });
    await client.chunks(id, 1);
    const [shown] = await json("show", id);
    assert.equal(shown.job.place, "held");
    assert.equal(shown.input.chunks, 100_000);
    assert.match((await jobs("show", id)).out, /^state +running$/m);
    const [{ types }] = await json("queue");
    assert.equal(types.find(({ type }) => type === "test-job").held, 1);

    const early = await jobs("purge", id);
    assert.equal(early.code, kRefused);
    assert.match(early.err, /has not ended/);
    assert.equal((await jobs("cancel", id, "--reason", "it is late")).code, kDone);
    const { name, body } = await client.ending(id);
    assert.equal(name, "job:cancelled");
    assert.equal(body.payload.reason, "it is late");

    assert.equal((await jobs("purge", id)).code, kDone);
    const gone = await client.call("resume:job", id);
    assert.equal(gone.code, "gone");
    assert.match(gone.error, /was deleted on \d{4}-\d\d-\d\d; start it again/);
    const other = await open(t, "eve");
    assert.equal((await other.call("resume:job", id)).code, "not_found");
    const shownAgain = await jobs("show", id);
    assert.equal(shownAgain.code, kRefused);
    assert.match(shownAgain.err, /was deleted/);
  });

  test("a list goes on over pages until there are enough", async (t) => {
    const client = await open(t, "cleo");
    const ids = [];
    for (let i = 0; i < 5; ++i) ids.push(await client.start("test-job", { chunks: 1, intervalMs: 1 }));
    const listed = await json("list", "--user", "cleo", "--limit", "3");
    assert.equal(listed.length, 3);
    const pages = [];
    for (let after = ""; ; ) {
      const answer = await (await admin("GET", `/admin/jobs?user=cleo&limit=2${after && `&after=${after}`}`)).json();
      pages.push(...answer.jobs.map(({ jobId }) => jobId));
      if (!answer.next) break;
      after = answer.next;
    }
    assert.deepEqual(pages.toSorted(), ids.toSorted());
    assert.deepEqual(pages.slice(0, 3), listed.map(({ jobId }) => jobId));
  });

  test("nobody but an administrator gets in, and an administrator's token opens nothing else", async (t) => {
    const id = await (await open(t, "ann")).start("test-job", { chunks: 1, intervalMs: 1 });
    for (const token of [null, server.token("ann"), `${adminToken}x`]) {
      for (const [method, path] of [
        ["GET", "/admin/jobs"],
        ["GET", `/admin/jobs/${id}`],
        ["DELETE", `/admin/jobs/${id}`],
        ["POST", `/admin/jobs/${id}/cancel`],
        ["GET", "/admin/nothing"],
      ]) {
        const answer = await admin(method, path, token);
        assert.equal(answer.status, 401, `${method} ${path}`);
        assert.equal(answer.headers.get("www-authenticate"), "Bearer");
        assert.equal((await answer.json()).code, "unauthorized");
      }
    }
    const refused = await hawser(["jobs", "list"], { HAWSER_TOKEN: server.token("ann") });
    assert.equal(refused.code, kNoAccess);
    assert.ok(!refused.err.includes(server.token("ann")));
    const run = await hawser(["run", "test-job", "--input", "{}"], { HAWSER_TOKEN: adminToken });
    assert.equal(run.code, kNoAccess);
  });

  test("answers are for no page of another origin, and requests have exact refusals", async () => {
    const preflight = await fetch(`${server.url}/admin/jobs`, {
      method: "OPTIONS",
      headers: { origin: "http://localhost:5173", "access-control-request-method": "GET" },
    });
    assert.equal(preflight.headers.get("access-control-allow-origin"), null);
    const answer = await admin("GET", "/admin/jobs");
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal((await admin("GET", "/admin/jobs?limit=0x10")).status, 400);
    assert.equal((await admin("PUT", "/admin/queue")).status, 400);
    assert.equal((await admin("GET", "/admin/jobs/job_1")).status, 404);
    const body = await fetch(`${server.url}/admin/jobs`, {
      method: "POST",
      body: "x".repeat(1000),
      headers: { authorization: `Bearer ${adminToken}` },
    });
    assert.equal(body.status, 400);
    assert.equal((await jobs("show", "job_1")).code, kUsage);
    assert.equal((await jobs("list", "--state", "odd")).code, kUsage);
    assert.equal((await hawser(["jobs", "list"], { HAWSER_URL: "http://127.0.0.1:9" })).code, kNoAccess);
  });

  test("a deletion and a dead letter survive a crash of the server", async (t) => {
    const client = await open(t, "dora");
    const deleted = await failedJob(client);
    const dead = await failedJob(client);
    assert.equal((await jobs("purge", deleted)).code, kDone);
    await server.crash();
    assert.match((await jobs("show", deleted)).err, /was deleted/);
    assert.deepEqual((await json("list", "--dead", "--user", "dora")).map(({ jobId }) => jobId), [dead]);
  });
});
