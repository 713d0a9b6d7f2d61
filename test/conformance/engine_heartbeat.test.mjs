import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Polling, rawSockets } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const pingInterval = 300;
const pingTimeout = 200;
/** What a busy machine may add before this process sees what has happened. */
const lateness = 250;

/** That it is `millis` since a moment which lies between two that we know. */
function assertDue(millis, earliest, latest) {
  const now = performance.now();
  assert.ok(now - earliest > millis - 2, `${now - earliest} ms, which is early for ${millis}`);
  assert.ok(now - latest < millis + lateness, `${now - latest} ms, which is late for ${millis}`);
}

describe("Engine.IO heartbeat", () => {
  const server = useServer({ pingInterval, pingTimeout });

  test("polling: pings come an interval after the last pong", async () => {
    let before = performance.now();
    const session = await Polling.start(server.url);
    for (let round = 0; round < 3; ++round) {
      const after = performance.now();
      assert.equal((await session.poll()).text, "2");
      assertDue(pingInterval, before, after);
      before = performance.now();
      assert.equal((await session.post("3")).text, "ok");
    }
  });

  test("polling: a mute client is gone when interval and timeout are over, to the moment", async () => {
    const session = await Polling.start(server.url);
    await sleep(pingInterval + pingTimeout);
    assert.equal((await session.poll()).status, 400);
  });

  test("polling: a ping waits for the next poll, the timeout does not", async () => {
    const session = await Polling.start(server.url);
    await sleep(pingInterval + pingTimeout / 4);
    assert.equal((await session.poll()).text, "2");
    const start = performance.now();
    assert.equal((await session.poll()).text, "1");
    assert.ok(performance.now() - start < pingTimeout + lateness);
    assert.equal((await session.poll()).status, 400);
  });

  test("WebSocket: pings come an interval after the last pong", async (t) => {
    let before = performance.now();
    const socket = await rawSockets(t, server.url, "/engine.io/")();
    for (let round = 0; round < 3; ++round) {
      const after = performance.now();
      assert.equal(await socket.next(), "2");
      assertDue(pingInterval, before, after);
      before = performance.now();
      socket.send("3");
    }
  });

  test("WebSocket: a mute client is closed when interval and timeout are over", async (t) => {
    const before = performance.now();
    const socket = await rawSockets(t, server.url, "/engine.io/")();
    const after = performance.now();
    await socket.closed();
    assertDue(pingInterval + pingTimeout, before, after);
  });

  test("messages are no pongs, and a late pong counts", async (t) => {
    const socket = await rawSockets(t, server.url, "/engine.io/")();
    assert.equal(await socket.next(), "2");
    socket.send("4a");
    assert.equal(await socket.next(), "4a");
    await sleep(pingTimeout / 2);
    socket.send("3");
    assert.equal(await socket.next(), "2", "it lives to the next ping");
    const end = socket.closed();
    socket.send("4b");
    assert.equal(await socket.next(), "4b");
    await end;
  });

  test("an upgrade keeps the heartbeat going", async (t) => {
    const session = await Polling.start(server.url);
    const socket = await session.upgrade();
    t.after(() => socket.close());
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    socket.send("5");
    for (let round = 0; round < 2; ++round) {
      assert.equal(await socket.next(), "2");
      socket.send("3");
    }
    await socket.closed();
  });
});
