// Those who must not notice what others do to the server: an honest client, and whoever asks for /health.

import assert from "node:assert/strict";
import { io } from "socket.io-client";
import { Client } from "./client.mjs";
import { Prober } from "./prober.mjs";
import { eventually } from "./wait.mjs";

/** A server that does not answer for so long hangs. */
const kHangMillis = 2_000;

export class Witness {
  constructor(server) {
    this.server = server;
    this.prober = new Prober(server.port);
    this.drops = [];
    const options = { auth: { token: server.token("witness") }, transports: ["websocket"], forceNew: true };
    this.client = new Client(io(server.url, options));
    this.client.socket.on("disconnect", (reason) => this.drops.push(reason));
  }

  /** A job of the honest client runs as if nobody else were there, and /health has answered all the time. */
  async undisturbed() {
    await this.client.connected();
    const jobId = await this.client.start("test-job", { chunks: 5, intervalMs: 1 });
    assert.equal((await this.client.ending(jobId)).name, "job:completed");
    const numbers = this.client.of(jobId).map(({ body }) => body.sequence);
    assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
    assert.deepEqual(this.drops, [], "the honest client was disconnected");
    const health = await this.prober.take();
    assert.deepEqual(health.failures, [], "/health failed");
    assert.ok(health.max < kHangMillis, `/health took ${health.max} ms`);
    this.client.received = this.client.received.filter(({ name }) => name === "connected");
  }

  async leave() {
    this.client.socket.close();
    await this.prober.stop();
  }
}

/** The samples of /metrics by name, labels included. */
export async function metrics(server) {
  const answer = await fetch(`${server.url}/metrics`, { headers: { connection: "close" } });
  assert.equal(answer.status, 200);
  const lines = (await answer.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]));
}

/** Gauges of what clients hold. */
export const held = [
  "hawser_sessions",
  "hawser_sessions_unauthenticated",
  "hawser_sessions_lingering",
  "hawser_upgrades",
  "hawser_send_buffer_bytes",
  "hawser_receive_buffer_bytes",
  "hawser_clients",
  "hawser_subscriptions",
  "hawser_catch_ups",
  "hawser_commands_pending",
  "hawser_users_followed",
  "hawser_reads_queued",
  "hawser_store_commands_queued",
];

/** Resolves when nothing is held any more but the connection that asks. */
export async function nobodyLeft(server, millis) {
  let left = {};
  const isEmpty = async () => {
    const samples = await metrics(server);
    left = Object.fromEntries(held.map((name) => [name, samples[name]]).filter(([, value]) => value !== 0));
    if (samples.hawser_connections > 1) left.hawser_connections = samples.hawser_connections;
    return Object.keys(left).length === 0;
  };
  await eventually(isEmpty, () => `end of ${JSON.stringify(left)}`, millis);
}
