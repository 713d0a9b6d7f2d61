import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lines, sockets } from "./support/client.mjs";
import { Ledger } from "./support/ledger.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server, briskHeartbeat } from "./support/server.mjs";
import { assertWhole } from "./support/stream.mjs";

const quick = { chunks: 12, intervalMs: 0 };
const steady = { chunks: 150, intervalMs: 8 };
const secret = "a secret of the tests that is long enough to be taken";

async function startServer(t, options) {
  const server = await Server.start(options);
  t.after(() => server.dispose());
  return server;
}

async function startProxy(t, server) {
  const proxy = await Proxy.start(server.port);
  t.after(() => proxy.close());
  return proxy;
}

/** A client whose state for connection state recovery can be read. */
function open(t, server, user, options = {}) {
  const client = sockets(t)(server.url, server.token(user), { reconnection: false, ...options });
  client.offsets = [];
  client.socket.onAny((name, body, ...more) => client.offsets.push(...more));
  client.state = () => ({ pid: client.socket._pid, offset: client.offsets.at(-1) });
  return client;
}

/** A new client with the state of another, or with one that somebody has made up. */
async function comeBack(t, server, user, { pid, offset }) {
  const client = open(t, server, user, { auth: { token: server.token(user), pid, offset } });
  await client.connected();
  return client;
}

describe("a client that says nothing after an automatic reconnect, as the original one", () => {
  let server;
  before(async () => {
    server = await Server.start({ config: briskHeartbeat });
  });
  after(() => server.dispose());

  const faults = {
    "cuts of its line": (proxy) => proxy.cutAfter(1 + Math.floor(Math.random() * 3000)),
    "kills of the server": () => server.crash(),
  };
  for (const [line, transports] of Object.entries(lines)) {
    for (const [what, fault] of Object.entries(faults)) {
      test(`by ${line}, has each event once and in order through ${what}`, async (t) => {
        const proxy = await startProxy(t, server);
        const client = sockets(t)(proxy.url, server.token(`${line} ${what}`), { transports });
        const ledger = new Ledger();
        const handedOn = new Map();
        client.socket.onAny((name, body) => {
          if (name === "sync:complete") ledger.rewound(body.jobId, body.lastSequence);
          if (!Number.isInteger(body?.sequence)) return;
          ledger.take(name, body);
          if (!handedOn.has(body.sequence)) handedOn.set(body.sequence, { name, body });
        });
        const sent = [];
        client.socket.onAnyOutgoing((name) => sent.push(name));

        const jobId = await client.start("test-job", steady);
        // The last it says: what the original does with a job that it has started.
        client.socket.emit("subscribe:job", jobId);
        ledger.rewind(jobId, 0);
        client.socket.emit("reconnect:sync", { jobId, lastSequence: 0 });
        await client.event("sync:complete");
        for (const at of [20, 70, 120]) {
          await client.until(() => handedOn.size >= at, `${at} events of ${jobId}`);
          await fault(proxy);
        }
        await client.ending(jobId);
        assertWhole([...handedOn.values()], steady.chunks);
        assert.deepEqual([ledger.duplicated, ledger.disordered, ledger.altered], [0, 0, 0]);
        assert.deepEqual(sent, ["start:job", "subscribe:job", "reconnect:sync"]);
      });
    }
  }
});

describe("a client that returns with its pid and offset", () => {
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.dispose());

  test("is the same socket, and gets connected with its own offset and then all it has missed", async (t) => {
    const first = open(t, server, "ada");
    const other = open(t, server, "ada");
    await other.connected();
    const jobId = await first.start("test-job", steady);
    await first.chunks(jobId, 10);
    const { id } = first.socket;
    first.socket.io.engine.close();
    const state = first.state();
    // A job that begins and ends while the client is away is not lost either.
    const meanwhile = await other.start("test-job", quick);
    await other.ending(meanwhile);

    const second = await comeBack(t, server, "ada", state);
    assert.equal(second.socket.id, id);
    assert.equal(second.socket._pid, state.pid);
    assert.equal(second.received[0].name, "connected");
    assert.equal(second.offsets[0], state.offset);
    await Promise.all([second.ending(jobId), second.ending(meanwhile)]);
    assertWhole([...first.of(jobId), ...second.of(jobId)], steady.chunks);
    assertWhole(second.of(meanwhile), quick.chunks);
  });

  test("closes its older connection, which is told", async (t) => {
    const first = open(t, server, "bob");
    await first.connected();
    const closed = new Promise((resolve) => first.socket.once("disconnect", (reason, { context }) => resolve({ reason, context })));
    await comeBack(t, server, "bob", first.state());
    const { reason, context } = await closed;
    assert.equal(reason, "transport close", "and not by the server's word, which would end it for good");
    assert.match(context.reason, /come back on another connection/);
  });

  test("has a rewind that was cut go on behind the last event that arrived", async (t) => {
    const proxy = await startProxy(t, server);
    const client = sockets(t)(proxy.url, server.token("carl"));
    const jobId = await client.start("test-job", { chunks: 2_000, intervalMs: 0 });
    await client.ending(jobId);
    const log = client.of(jobId);
    client.received.length = 0;
    const cut = proxy.cutAfter(60_000);
    client.socket.emit("reconnect:sync", { jobId, lastSequence: 0 });
    await cut;
    await client.ending(jobId);
    assert.deepEqual(client.of(jobId), log);
    assert.equal(client.socket.recovered, true);
  });

  test("may do without: {recovery: false} has no pid and no further argument", async (t) => {
    const client = open(t, server, "dora", { auth: { token: server.token("dora"), recovery: false } });
    const jobId = await client.start("test-job", quick);
    await client.ending(jobId);
    assert.deepEqual(client.offsets, []);
    assert.equal(client.socket._pid, undefined);
  });
});

describe("what cannot be continued is said", () => {
  /** A client of `user` with one job behind it, and what it could return with. */
  async function past(t, server, user) {
    const client = open(t, server, user);
    const jobId = await client.start("test-job", quick);
    await client.ending(jobId);
    const log = client.of(jobId);
    const { id } = client.socket;
    client.socket.close();
    return { jobId, log, id, state: client.state(), earlier: client.offsets[2] };
  }

  /** It began anew, was told so behind `connected`, and everything works. */
  async function assertReset(client, old) {
    await client.event("stream:reset");
    assert.deepEqual(client.received.slice(0, 2).map(({ name }) => name), ["connected", "stream:reset"]);
    const { reason, hint } = client.received[1].body;
    assert.ok(reason && hint, "a reason, and what to do");
    assert.notEqual(client.socket.id, old.id);
    assert.equal(typeof client.socket._pid, "string");
    assert.notEqual(client.socket._pid, old.state.pid);
    const jobId = await client.start("test-job", quick);
    await client.ending(jobId);
    assertWhole(client.of(jobId), quick.chunks);
  }

  const turned = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
  const moved = (offset, move) => offset.replace(/\d+$/, (position) => move(Number(position)));
  const forgeries = {
    "a garbled pid": ({ pid, offset }) => ({ pid: turned(pid, 20), offset }),
    "a pid that is none": ({ offset }) => ({ pid: "x", offset }),
    "a pid of 10,000 characters": ({ offset }) => ({ pid: "A".repeat(10_000), offset }),
    "a garbled offset": ({ pid, offset }) => ({ pid, offset: `${offset};` }),
    "an offset that is none": ({ pid }) => ({ pid, offset: "" }),
    "a position beyond the head": ({ pid, offset }) => ({ pid, offset: moved(offset, (position) => position + 1) }),
    "a position beyond all numbers": ({ pid, offset }) => ({ pid, offset: moved(offset, () => "9".repeat(40)) }),
    "an offset of another incarnation": ({ pid, offset }) => ({ pid, offset: turned(offset, 0) }),
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    test(what, async (t) => {
      const server = await sharedServer();
      const old = await past(t, server, what);
      const client = await comeBack(t, server, what, forge(old.state));
      await assertReset(client, old);
      client.socket.emit("reconnect:sync", { jobId: old.jobId, lastSequence: 0 });
      await client.event("sync:complete");
      assert.deepEqual(client.of(old.jobId), old.log, "the log is complete, as the hint says");
    });
  }

  test("the pid of another user, who learns nothing", async (t) => {
    const server = await sharedServer();
    const old = await past(t, server, "victim");
    const thief = await comeBack(t, server, "thief", old.state);
    await assertReset(thief, old);
    assert.deepEqual(thief.of(old.jobId), []);
  });

  test("a replaced data directory", async (t) => {
    const server = await startServer(t, { env: { JWT_SECRET: secret } });
    const old = await past(t, server, "ada");
    await server.kill();
    rmSync(join(server.directory, "data"), { recursive: true });
    await server.start();
    const client = await comeBack(t, server, "ada", old.state);
    await assertReset(client, old);
    assert.equal((await client.call("reconnect:sync", { jobId: old.jobId, lastSequence: 0 })).code, "not_found");
  });

  test("a position in front of events that were deleted since", async (t) => {
    const server = await sharedServer();
    const old = await past(t, server, "eve");
    server.command(["jobs", "purge", old.jobId, "--url", server.url]);
    const client = await comeBack(t, server, "eve", { ...old.state, offset: old.earlier });
    await assertReset(client, old);
    for (const name of ["reconnect:sync", "subscribe:job", "resume:job", "cancel:job"]) {
      const argument = name === "reconnect:sync" ? { jobId: old.jobId, lastSequence: 0 } : old.jobId;
      assert.equal((await client.call(name, argument)).code, "gone", name);
    }
  });

  test("but a position behind all that was deleted is as good as ever", async (t) => {
    const server = await sharedServer();
    const old = await past(t, server, "finn");
    const other = await past(t, server, "finn");
    server.command(["jobs", "purge", old.jobId, "--url", server.url]);
    const client = await comeBack(t, server, "finn", other.state);
    const jobId = await client.start("test-job", quick);
    await client.ending(jobId);
    assert.equal(client.socket.id, other.id, "its session goes on");
    assert.ok(client.received.every(({ name }) => name !== "stream:reset"));
  });

  let shared;
  after(() => shared?.dispose());
  const sharedServer = async () => (shared ??= await Server.start());
});
