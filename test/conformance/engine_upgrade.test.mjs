import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { io } from "socket.io-client";
import { within } from "../e2e/support/client.mjs";
import { Polling } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const badRequest = { code: 3, message: "Bad request" };

describe("Engine.IO upgrade", () => {
  const server = useServer();

  /** A polling session and the socket that probes it, up to the answer to the probe. */
  async function probe(t) {
    const session = await Polling.start(server.url);
    const socket = await session.upgrade();
    t.after(() => socket.close());
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    return { session, socket };
  }

  async function assertEcho(socket, text) {
    socket.send(text);
    assert.equal(await socket.next(), text);
  }

  test("moves the session, and the waiting poll ends with a noop", async (t) => {
    const session = await Polling.start(server.url);
    const poll = session.poll();
    const socket = await session.upgrade();
    t.after(() => socket.close());
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    assert.equal((await poll).text, "6");
    socket.send("5");
    await assertEcho(socket, "4hello");
  });

  test("a poll that comes between probe and upgrade is ended within 100 ms", async (t) => {
    const { session, socket } = await probe(t);
    assert.equal((await session.poll()).text, "6");
    assert.equal((await session.poll()).text, "6");
    socket.send("5");
    await assertEcho(socket, "4hello");
  });

  test("afterwards polling is refused with code 3, and the session lives on", async (t) => {
    const { session, socket } = await probe(t);
    socket.send("5");
    await assertEcho(socket, "4a");
    for (const answer of [await session.poll(), await session.post("4x")]) {
      assert.equal(answer.status, 400);
      assert.deepEqual(JSON.parse(answer.text), badRequest);
    }
    await assertEcho(socket, "4b");
  });

  test("a poll that is sent behind the upgrade packet is too late, on whatever connection", async (t) => {
    for (let round = 0; round < 20; ++round) {
      const { session, socket } = await probe(t);
      socket.send("5");
      assert.equal((await session.poll()).status, 400);
    }
  });

  test("what waited for a poll comes over the WebSocket, text and bytes in order", async (t) => {
    const { session, socket } = await probe(t);
    await session.post("4a");
    await session.post("bAQID");
    await session.post("4b");
    socket.send("5");
    socket.send("4c");
    assert.deepEqual(await socket.take(4), ["4a", Buffer.from([1, 2, 3]), "4b", "4c"]);
  });

  test("frames right behind the upgrade packet are taken", async (t) => {
    const { socket } = await probe(t);
    socket.socket._socket.cork();
    for (const message of ["5", "4a", Buffer.from([7]), "4b"]) socket.send(message);
    socket.socket._socket.uncork();
    assert.deepEqual(await socket.take(3), ["4a", Buffer.from([7]), "4b"]);
  });

  test("messages of both sides go on over polling until the upgrade is done", async (t) => {
    const { session, socket } = await probe(t);
    await session.post("4a");
    assert.deepEqual(await session.packets(), ["4a"]);
    const poll = session.packets();
    await session.post("4b");
    assert.deepEqual(await poll, ["4b"]);
    socket.send("5");
    await assertEcho(socket, "4c");
  });

  test("another WebSocket during or after the upgrade is closed without harm to the first", async (t) => {
    const { session, socket } = await probe(t);
    await (await session.upgrade()).closed();
    socket.send("5");
    await assertEcho(socket, "4a");
    const late = await session.upgrade();
    late.send("2probe");
    await late.closed();
    assert.deepEqual(late.messages, []);
    await assertEcho(socket, "4b");
  });

  for (const [what, leave] of [
    ["goes away before its probe", (socket) => socket.close()],
    ["says something else than a probe", (socket) => socket.send("4hello")],
    ["sends a wrong probe", (socket) => socket.send("2probing")],
    ["sends bytes", (socket) => socket.send(Buffer.from("2probe"))],
  ]) {
    test(`a WebSocket that ${what} is dropped, and polling goes on`, async (t) => {
      const session = await Polling.start(server.url);
      const socket = await session.upgrade();
      t.after(() => socket.close());
      leave(socket);
      await socket.closed();
      await session.post("4still");
      assert.deepEqual(await session.packets(), ["4still"]);
      const next = await session.upgrade();
      t.after(() => next.close());
      next.send("2probe");
      assert.equal(await next.next(), "3probe");
      next.send("5");
      await assertEcho(next, "4moved");
    });
  }

  test("a WebSocket that dies after the answer to its probe leaves polling as it was", async (t) => {
    const { session, socket } = await probe(t);
    await session.post("4a");
    socket.close();
    assert.deepEqual(await session.packets(), ["4a"]);
    await session.post("4b");
    assert.deepEqual(await session.packets(), ["4b"]);
  });

  test("the session ends with the WebSocket it has moved to", async (t) => {
    const { session, socket } = await probe(t);
    socket.send("5");
    await assertEcho(socket, "4a");
    socket.send("1");
    await socket.closed();
    assert.equal(JSON.parse((await session.poll()).text).code, 1);
  });

  test("a stock client loses, doubles and reorders nothing while it upgrades", async (t) => {
    const socket = io(server.url, { forceNew: true, reconnection: false });
    t.after(() => socket.close());
    const received = [];
    const total = 400;
    const done = new Promise((resolve) =>
      socket.on("message-back", (i, bytes) => {
        received.push([i, bytes.length]);
        if (received.length === total) resolve();
      }),
    );
    const upgraded = new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
    let sent = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 5 && sent < total; ++i, ++sent) socket.emit("message", sent, Buffer.alloc(sent % 7, 1));
    }, 1);
    t.after(() => clearInterval(timer));
    await within(Promise.all([done, upgraded]), "all messages");
    assert.equal(socket.io.engine.transport.name, "websocket");
    assert.deepEqual(received, Array.from({ length: total }, (_, i) => [i, i % 7]));
  });
});
