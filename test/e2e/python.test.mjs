import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { endings, lines, sockets, within } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server, root } from "./support/server.mjs";
import { assertWhole } from "./support/stream.mjs";

/** Debian's, because it is its python3-socketio that is tested. */
const python = process.env.HAWSER_TEST_PYTHON ?? "/usr/bin/python3";
const job = { chunks: 200, intervalMs: 5 };

/** python_client.py and what it has printed. */
class PythonClient {
  constructor(t, url, token, transports, options) {
    const program = join(root, "test/e2e/python_client.py");
    this.child = spawn(python, [program, url, token, transports.join(","), ...options], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.lines = [];
    this.errors = "";
    this.waiting = new Set();
    this.child.stderr.on("data", (bytes) => (this.errors += bytes));
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      for (const look of [...this.waiting]) look();
    });
    t.after(() => this.child.kill("SIGKILL"));
  }

  until(probe, what) {
    let look;
    const found = new Promise((resolve) => {
      look = () => {
        const value = probe(this.lines);
        if (value) resolve(value);
      };
      this.waiting.add(look);
      look();
    });
    return within(found, () => `${what} from python\n${this.errors}`).finally(() => this.waiting.delete(look));
  }

  call(...command) {
    const answers = () => this.lines.filter((line) => "answer" in line);
    const earlier = answers().length;
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.until(() => answers()[earlier], `answer to ${command[0]}`).then(({ answer }) => answer);
  }

  connections() {
    return this.lines.filter((line) => "connected" in line).length;
  }

  of(jobId) {
    const events = this.lines.filter(({ event, body }) => event && body.jobId === jobId);
    return events.map(({ event, body }) => ({ name: event, body }));
  }

  reached(jobId, count) {
    return this.until(() => this.of(jobId).length >= count, `${count} events of ${jobId}`);
  }

  ending(jobId) {
    return this.until(() => this.of(jobId).some(({ name }) => endings.has(name)), `end of ${jobId}`);
  }
}

describe("python3-socketio", () => {
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.dispose());

  for (const [line, transports] of Object.entries(lines)) {
    for (const [what, options] of [["with the offset as one argument more", []], ["with {recovery: false}", ["--no-recovery"]]]) {
      const user = `py-${line}-${options.length}`;

      test(`by ${line}, ${what}: reconnect:sync after each cut loses and doubles nothing`, async (t) => {
        const proxy = await Proxy.start(server.port);
        t.after(() => proxy.close());
        const client = new PythonClient(t, proxy.url, server.token(user), transports, options);
        const { jobId } = await client.call("start:job", { type: "test-job", input: job });
        for (const at of [20, 80, 140]) {
          await client.reached(jobId, at);
          await proxy.cutAfter(1 + Math.floor(Math.random() * 2000));
        }
        await client.ending(jobId);
        assertWhole(client.of(jobId), job.chunks);
        assert.ok(client.connections() > 1, "it was connected again");
        assert.doesNotMatch(client.errors, /Traceback/);
      });
    }

    test(`by ${line}: cancels, and sees the job end`, async (t) => {
      const user = `py-cancel-${line}`;
      const client = new PythonClient(t, server.url, server.token(user), transports, ["--no-recovery"]);
      const { jobId } = await client.call("start:job", { type: "test-job", input: { chunks: 100_000, intervalMs: 5 } });
      await client.reached(jobId, 5);
      assert.deepEqual(await client.call("cancel:job", jobId), { ok: true, state: "cancelled" });
      await client.ending(jobId);
      const seen = client.of(jobId);
      assertWhole(seen, seen.filter(({ name }) => name === "job:chunk").length, "job:cancelled");

      const other = sockets(t)(server.url, server.token(user));
      assert.deepEqual(await other.call("cancel:job", jobId), { ok: true, state: "cancelled" });
    });
  }
});
