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
    this.client.received = this.client.received.filter(({ body }) => body?.jobId !== jobId);
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
const held = [
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

/** Resolves when no session is left, and nothing that sessions hold. */
export async function nothingHeld(server, isLeft = ({ value }) => value !== 0, names = held) {
  let left = {};
  const isEmpty = async () => {
    const samples = Object.entries(await metrics(server)).filter(([name]) => names.includes(name));
    assert.equal(samples.length, names.length, "a gauge is missing");
    left = Object.fromEntries(samples.filter(([name, value]) => isLeft({ name, value })));
    return Object.keys(left).length === 0;
  };
  await eventually(isEmpty, () => `end of ${JSON.stringify(left)}`);
}

/** The same, and no connection but the one that asks. */
export function nobodyLeft(server) {
  const isLeft = ({ name, value }) => value > (name === "hawser_connections" ? 1 : 0);
  return nothingHeld(server, isLeft, [...held, "hawser_connections"]);
}
