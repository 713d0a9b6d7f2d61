import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rawSockets } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

describe("Engine.IO WebSocket", () => {
  const server = useServer();
  const start = (t) => rawSockets(t, server.url, "/engine.io/")();

  test("text and bytes come back as the same kind and in order", async (t) => {
    const socket = await start(t);
    const sent = ["4hello", allBytes, "4", Buffer.alloc(0), "4é€😀\u2028\u0000", allBytes.subarray(0, 1)];
    for (const message of sent) socket.send(message);
    assert.deepEqual(await socket.take(sent.length), sent);
  });

  test("a message in several frames is one message, with pings between them", async (t) => {
    const socket = await start(t);
    const pong = new Promise((resolve) => socket.socket.once("pong", (data) => resolve(data.toString())));
    socket.socket.send("4one ", { fin: false });
    socket.socket.ping("are you there");
    socket.socket.send("two ", { fin: false });
    socket.socket.send("three", { fin: true });
    assert.equal(await pong, "are you there");
    assert.equal(await socket.next(), "4one two three");
  });

  test("a message of maxPayload bytes is taken, a larger one closes with 1009", async (t) => {
    const socket = await start(t);
    const largest = `4${"x".repeat(999_999)}`;
    socket.send(largest);
    assert.equal(await socket.next(), largest);
    socket.send(`${largest}x`);
    assert.equal((await socket.closed()).code, 1009);
    const fragmented = await start(t);
    fragmented.socket.send(largest, { fin: false });
    fragmented.socket.send("x", { fin: true });
    assert.equal((await fragmented.closed()).code, 1009);
  });

  for (const [what, text] of [
    ["close", "1"],
    ["a ping, which only a server sends", "2"],
    ["an unknown packet type", "abc"],
    ["an empty message", ""],
  ]) {
    test(`${what} ends the session`, async (t) => {
      const socket = await start(t);
      socket.send(text);
      await socket.closed();
      assert.deepEqual(socket.messages, []);
    });
  }

  test("a close frame is answered with its code", async (t) => {
    const socket = await start(t);
    socket.socket.close(1000);
    assert.equal((await socket.closed()).code, 1000);
  });

  test("pongs and noops nobody asked for are nothing", async (t) => {
    const socket = await start(t);
    for (const text of ["3", "6", "3probe", "4still"]) socket.send(text);
    assert.equal(await socket.next(), "4still");
  });

  test("ten thousand messages come back, each once and in order", async (t) => {
    const socket = await start(t);
    const sent = Array.from({ length: 10_000 }, (_, i) => `4${i}`);
    for (const message of sent) socket.send(message);
    assert.deepEqual(await socket.take(sent.length), sent);
  });
});
