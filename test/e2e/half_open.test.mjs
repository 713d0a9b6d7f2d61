import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Reader, sockets, transports } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";
import { metrics, nothingHeld } from "./support/witness.mjs";

const config = `
[engine]
ping_interval_ms = 600
ping_timeout_ms = 600
`;
const kPingTimeouts = 'hawser_sessions_closed_total{reason="ping_timeout"}';

async function serverBehindProxy(t) {
  const server = await Server.start({ config });
  t.after(() => server.dispose());
  const proxy = await Proxy.start(server.port);
  t.after(() => proxy.close());
  return { server, proxy };
}

describe("a peer whose packets vanish", () => {
  for (const transport of transports) {
    test(`is missed by the heartbeat, and nothing is kept for it (${transport})`, async (t) => {
      const { server, proxy } = await serverBehindProxy(t);
      const client = sockets(t)(proxy.url, server.token("ada"), { transports: [transport], reconnection: false });
      await client.connected();
      const jobId = await client.start("test-job", { chunks: 100_000, intervalMs: 5 });
      await client.call("subscribe:job", jobId);
      await client.chunks(jobId, 3);
      assert.equal((await metrics(server)).hawser_subscriptions, 1);
      proxy.blackHole = true;
      const gone = async () => (await metrics(server))[kPingTimeouts] === 1;
      await eventually(gone, "ping timeout", 5_000);
      await nothingHeld(server);
    });
  }

  test("gives back its buffers, however full they are", async (t) => {
    const { server, proxy } = await serverBehindProxy(t);
    const client = sockets(t)(proxy.url, server.token("ada"), { reconnection: false });
    await client.connected();
    const jobId = await client.start("test-job", { chunks: 100_000, chunkBytes: 4_000, intervalMs: 0 });
    await client.chunks(jobId, 3);
    proxy.freeze();
    await eventually(async () => (await metrics(server)).hawser_send_buffer_bytes > 64 * 1024, "a full buffer");
    const held = (await metrics(server)).hawser_send_buffer_bytes;
    assert.ok(held < 1024 * 1024, `${held} bytes`);
    await nothingHeld(server);
    assert.equal((await metrics(server))[kPingTimeouts], 1);
  });

  test("comes back to everything it has missed", async (t) => {
    const { server, proxy } = await serverBehindProxy(t);
    const client = sockets(t)(proxy.url, server.token("ada"));
    await client.connected();
    const jobId = await client.start("test-job", { chunks: 300, intervalMs: 10 });
    const reader = new Reader(client, jobId);
    await reader.reached(20);
    proxy.blackHole = true;
    client.socket.once("disconnect", () => (proxy.blackHole = false));
    await reader.finished();
    assert.equal(reader.chunks.length, 300);
    assert.equal(reader.gaps, 0);
  });
});
