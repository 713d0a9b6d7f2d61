import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { test } from "node:test";
import { program } from "../e2e/support/server.mjs";
import { Polling, rawSockets } from "./support/raw.mjs";
import { ConformanceServer } from "./support/server.mjs";

test("the conformance server ends cleanly at SIGTERM: everybody is told, and the exit code is 0", async (t) => {
  const server = await ConformanceServer.start({ args: ["--ping-interval", "20000"] });
  t.after(() => server.dispose());
  const socket = await rawSockets(t, server.url, "/engine.io/")();
  const session = await Polling.start(server.url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await session.post("3", { agent });
  const last = session.poll({ agent }); // Over a connection that the server has accepted.
  await once(last.stream, "finish");
  const [{ code, signal }, closed, { text }] = await Promise.all([server.end("SIGTERM"), socket.closed(), last]);
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  assert.equal(closed.code, 1001);
  assert.equal(text, "1");
});

test("a port that is taken is told, with exit code 2", async (t) => {
  const server = await ConformanceServer.start({});
  t.after(() => server.dispose());
  for (const loops of ["1", "2"]) {
    const args = ["conformance", "--port", String(server.port), "--loops", loops];
    assert.throws(
      () => execFileSync(program, args, { stdio: "pipe", encoding: "utf8" }),
      (error) => error.status === 2 && error.stderr.includes(`cannot listen on 127.0.0.1:${server.port}`),
    );
  }
});
