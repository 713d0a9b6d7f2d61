// Where the token comes from, and what happens when it ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerError } from "../dist/index.js";
import { settle } from "./support/clock.mjs";
import { FakeServer } from "./support/fake_server.mjs";

const handlers = { t: () => new Promise(() => {}) };

function tokens() {
  const reasons = [];
  const token = async ({ reason }) => `token ${reasons.push(reason)}`;
  return { reasons, token };
}

test("a fixed token that is refused ends the worker with what to do", async (t) => {
  const server = new FakeServer(t, { handlers });
  await settle();
  server.connection.listener.down("Authentication failed", true);
  const error = await server.ended;
  assert.ok(error instanceof WorkerError);
  assert.match(error.message, /Authentication failed.*hawser token --worker/);
  assert.ok(!error.message.includes('"token"'));
  assert.equal(server.clock.timers, 0);
});

test("a function is asked once, again when its token is refused, and used for every connection", async (t) => {
  const { reasons, token } = tokens();
  const server = new FakeServer(t, { handlers, token });
  await server.welcome();
  await server.cut();
  assert.equal(server.connection.token, "token 1");
  server.connection.listener.down("Authentication failed", true);
  await server.clock.until(() => server.connections.length === 3);
  assert.equal(server.connection.token, "token 2");
  assert.deepEqual(reasons, ["connect", "refused"]);
});

test("auth:expired asks for a newer token and refreshes without a break", async (t) => {
  const { reasons, token } = tokens();
  const server = new FakeServer(t, { handlers, token });
  await server.welcome();
  await server.answer("claim", { jobs: [] });
  await server.event("auth:expired", { expiresAt: "soon" });
  await server.event("auth:expired", { expiresAt: "soon" });
  assert.deepEqual(await server.answer("auth:refresh"), { token: "token 2" });
  assert.deepEqual(reasons, ["connect", "expiring"]);
  await server.silent();
});

test("a new token that is about to end as well is not asked for in a loop", async (t) => {
  const { reasons, token } = tokens();
  const server = new FakeServer(t, { handlers, token });
  await server.welcome();
  await server.answer("claim", { jobs: [] });
  for (let i = 0; i < 100; i += 1) {
    await server.event("auth:expired", { expiresAt: "soon" });
    const refresh = server.connection.requests.splice(0).find(({ event }) => event === "auth:refresh");
    refresh?.answer({ ok: true });
    await server.clock.advance(100);
  }
  assert.ok(reasons.length <= 3, String(reasons));
});

test("a function that never answers is asked again, and somebody is told", async (t) => {
  let asked = 0;
  const token = () => ((asked += 1) === 1 ? new Promise(() => {}) : "at last");
  const server = new FakeServer(t, { handlers, token });
  await server.clock.until(() => server.connections.length === 1);
  assert.equal(server.connection.token, "at last");
  assert.ok(server.log.some(({ message }) => /no answer from `token`/.test(message)));
});

test("a function that fails is asked again later", async (t) => {
  let asked = 0;
  const token = () => {
    asked += 1;
    if (asked < 3) throw new Error("the vault is closed");
    return "at last";
  };
  const server = new FakeServer(t, { handlers, token });
  await server.clock.until(() => server.connections.length === 1);
  assert.equal(server.connection.token, "at last");
  assert.ok(server.log.some(({ error }) => error?.message === "the vault is closed"));
});

test("a refusal that is not about the token is tried again, and told once", async (t) => {
  const server = new FakeServer(t, { handlers });
  for (let count = 2; count < 5; count += 1) {
    await settle();
    server.connection.listener.down("Invalid namespace", true);
    await server.clock.until(() => server.connections.length === count);
  }
  assert.equal(server.log.filter(({ message }) => /Invalid namespace/.test(message)).length, 1);
});

test("a server that speaks another protocol ends the worker", async (t) => {
  const server = new FakeServer(t, { handlers });
  await server.welcome({ leaseMs: undefined });
  assert.match((await server.ended).message, /another worker protocol/);
});
