import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { sockets, within } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { metrics } from "./support/witness.mjs";

const kReaders = 8;
const input = { chunks: 10_000, chunkBytes: 2_000, intervalMs: 0 };
/** The high-water mark and the event that passes it. */
const allowedBuffer = 256 * 1024 + 4_096;
/** Queues for each reader would take kReaders * 20 MB. */
const allowedGrowthKib = 96 * 1024;

/** A connection at protocol level that reads only when told to. */
class StallingReader {
  constructor(url, token) {
    this.sequences = [];
    this.socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    this.connected = new Promise((resolve) => (this.onConnected = resolve));
    this.ended = new Promise((resolve) => (this.onEnded = resolve));
    this.socket.on("message", (data) => this.#take(String(data), token));
  }

  #take(packet, token) {
    if (packet.startsWith("0")) this.socket.send(`40${JSON.stringify({ token })}`);
    if (packet === "2") this.socket.send("3");
    if (!packet.startsWith("42")) return;
    const [name, body] = JSON.parse(packet.slice(2));
    if (name === "connected") this.onConnected();
    if (body.sequence) this.sequences.push(body.sequence);
    if (name === "job:completed") this.onEnded();
  }
}

test("clients that stop reading cost the server a bounded buffer, and get everything later", async (t) => {
  const server = await Server.start();
  t.after(() => server.dispose());
  const reader = sockets(t)(server.url, server.token("ada"));
  // The first run fills the store's own caches, which have nothing to do with readers.
  await reader.ending(await reader.start("test-job", input), 60_000);

  const token = server.token("ada");
  const stalled = Array.from({ length: kReaders }, () => new StallingReader(server.url, token));
  t.after(() => stalled.forEach(({ socket }) => socket.terminate()));
  await within(Promise.all(stalled.map((one) => one.connected)), "connected");
  for (const { socket } of stalled) socket.pause();

  const before = server.memory("VmRSS");
  const jobId = await reader.start("test-job", input);
  await reader.ending(jobId, 60_000);
  const { hawser_send_buffer_bytes: unsent } = await metrics(server);
  assert.ok(unsent > 0 && unsent <= kReaders * allowedBuffer, `${unsent} bytes wait for ${kReaders} readers`);
  const grown = server.memory("VmRSS") - before;
  assert.ok(grown < allowedGrowthKib, `the server grew by ${grown} KiB for ${kReaders} clients that do not read`);

  for (const { socket } of stalled) socket.resume();
  await within(Promise.all(stalled.map((one) => one.ended)), "everything", 60_000);
  const count = reader.of(jobId).length;
  for (const { sequences } of stalled) {
    assert.deepEqual(sequences, Array.from({ length: count }, (_, index) => index + 1));
  }
});
