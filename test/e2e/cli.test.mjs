import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { createInterface } from "node:readline";
import { sockets, within } from "./support/client.mjs";
import { Server, program } from "./support/server.mjs";

const kCompleted = 0;
const kFailed = 1;
const kUsage = 2;
const kCancelled = 3;
const kNoAccess = 4;

describe("the command line", () => {
  let server;
  before(async () => {
    server = await Server.start({ config: `[exec.commands.fail]\nargv = ["/bin/false"]\n` });
  });
  after(() => server.dispose());

  /** Runs `hawser …` against the server as user ada; `onLine` gets the lines of its output. */
  function hawser(args, { onLine = () => {}, env = {}, input } = {}) {
    const child = spawn(program, args, {
      env: { ...server.env, HAWSER_URL: server.url, HAWSER_TOKEN: server.token("ada"), ...env },
    });
    child.stdin.end(input);
    let out = "";
    let err = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      out += `${line}\n`;
      onLine(line, child);
    });
    child.stderr.on("data", (bytes) => (err += bytes));
    const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, out, err })));
    return within(ended, `end of hawser ${args.join(" ")}`);
  }

  const job = (input) => JSON.stringify(input);
  const endless = job({ chunks: 100_000, intervalMs: 20 });
  const open = (t) => sockets(t)(server.url, server.token("ada"));

  test("run streams the output and exits 0 on completion", async () => {
    const { code, out } = await hawser(["run", "test-job", "--input", job({ chunks: 5, intervalMs: 1 })]);
    assert.equal(code, kCompleted);
    assert.equal(out.match(/Chunk \d of 5/g).length, 5);
  });

  test("run takes its input from standard input and prints events as JSON", async () => {
    const { code, out } = await hawser(["run", "test-job", "--json", "--input", "-"], { input: `{"chunks": 2, "intervalMs": 1}` });
    assert.equal(code, kCompleted);
    const events = out.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(events[0].event, "job:started");
    assert.equal(events.at(-1).event, "job:completed");
    assert.deepEqual(events.map(({ sequence }) => sequence), events.map((_, index) => index + 1));
  });

  test("run exits 1 when the job fails or is refused, with the reason", async () => {
    const failed = await hawser(["run", "exec", "--input", job({ command: "fail" })]);
    assert.equal(failed.code, kFailed);
    assert.match(failed.err, /1/);
    const refused = await hawser(["run", "no-such-type"]);
    assert.equal(refused.code, kFailed);
    assert.match(refused.err, /no-such-type|test-job/);
  });

  test("Ctrl-C cancels the job and run exits 3", async (t) => {
    const watcher = open(t);
    await watcher.connected();
    const { code } = await hawser(["run", "test-job", "--json", "--input", endless], {
      onLine: (line, child) => JSON.parse(line).event === "job:chunk" && child.kill("SIGINT"),
    });
    assert.equal(code, kCancelled);
    await watcher.event("job:cancelled");
  });

  test("watch shows a job from its beginning, and cancel ends it", async (t) => {
    const client = open(t);
    const jobId = await client.start("test-job", { chunks: 100_000, intervalMs: 20 });
    await client.chunks(jobId, 5);
    const lines = [];
    let cancelled;
    const watched = await hawser(["watch", jobId, "--json"], {
      onLine: (line) => {
        lines.push(JSON.parse(line));
        if (lines.length === 8) cancelled = hawser(["cancel", jobId]);
      },
    });
    assert.equal(watched.code, kCancelled);
    assert.deepEqual(lines.map(({ sequence }) => sequence), lines.map((_, index) => index + 1));
    assert.equal(lines.at(-1).event, "job:cancelled");
    assert.equal((await cancelled).code, kCompleted);
    assert.match((await cancelled).out, new RegExp(`${jobId} cancelled`));
  });

  test("run goes on through a kill -9 of the server", async () => {
    let crash;
    let chunks = 0;
    const { code, out } = await hawser(["run", "test-job", "--json", "--input", job({ chunks: 80, intervalMs: 10 })], {
      onLine: (line) => {
        if (JSON.parse(line).event === "job:chunk" && ++chunks === 20) crash = server.crash();
      },
    });
    await crash;
    assert.equal(code, kCompleted);
    const sequences = out.trim().split("\n").map((line) => JSON.parse(line).sequence);
    assert.deepEqual(sequences, sequences.map((_, index) => index + 1));
    assert.equal(chunks, 80);
  });

  test("an unknown job exits 1, a bad id or input 2, a refused token or a missing server 4", async () => {
    const unknown = `job_${"0".repeat(32)}`;
    assert.equal((await hawser(["watch", unknown])).code, kFailed);
    assert.equal((await hawser(["cancel", unknown])).code, kFailed);
    assert.equal((await hawser(["watch", "nonsense"])).code, kUsage);
    assert.equal((await hawser(["run", "test-job", "--input", "{"])).code, kUsage);
    assert.equal((await hawser(["no-such-command"])).code, kUsage);
    assert.equal((await hawser(["run", "test-job"], { env: { HAWSER_TOKEN: "bad" } })).code, kNoAccess);
    assert.equal((await hawser(["run", "test-job"], { env: { HAWSER_URL: "http://127.0.0.1:1" } })).code, kNoAccess);
  });

  test("an unknown setting is refused with a suggestion", async () => {
    const { code, err } = await hawser(["serve"], { env: { HAWSER_SERVER_LOPS: "2" } });
    assert.equal(code, kUsage);
    assert.match(err, /HAWSER_SERVER_LOOPS/);
  });

  test("doctor finds a sound configuration sound and names what is not", async () => {
    const env = { HAWSER_DATA_DIR: `${server.directory}/other`, HAWSER_PORT: "0", JWT_SECRET: "n8Zp2vQ4xK7mT1rW6yB3cF9hJ5gD0sLa" };
    const sound = await hawser(["doctor"], { env });
    assert.equal(sound.code, 0, sound.out + sound.err);
    const ill = await hawser(["doctor"], { env: { ...env, HAWSER_SEARCH_FOLDER: "/no/such/folder", HAWSER_DATA_DIR: "/proc/none" } });
    assert.notEqual(ill.code, 0);
  });

  test("--help explains itself everywhere", async () => {
    for (const command of [[], ["serve"], ["run"], ["watch"], ["cancel"], ["token"], ["doctor"]]) {
      const { code, out } = await hawser([...command, "--help"]);
      assert.equal(code, 0);
      assert.match(out, /--help/);
    }
  });
});
