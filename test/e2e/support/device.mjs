// One device of a user in recovery_cuts.mjs: a stock client behind a proxy of its own, and the judge of what it receives.

import { setTimeout as delay } from "node:timers/promises";
import { io } from "socket.io-client";
import { Client, lines } from "./client.mjs";
import { Ledger } from "./ledger.mjs";
import { Proxy } from "./proxy.mjs";

/**
 * What the devices of a user do. `silent`: nothing at all after a reconnect; recovery brings the rest. `both`: recovery,
 * and rewinds at random moments, above all behind a reconnect. `sync`: no recovery; asks for what is missing whenever
 * it is connected, as the README does.
 */
export const modes = ["silent", "sync", "silent", "both"];
export const timers = { reconnectionDelay: 50, reconnectionDelayMax: 300, forceNew: true };
/** A client that still has not sent a few hundred bytes after this long has come back before. */
const kReturnMillis = 2_000;

export const pick = (random, list) => list[Math.floor(random() * list.length)];

export class Device {
  static async open(server, user, number, random) {
    const device = new Device();
    device.user = user;
    device.mode = modes[number % modes.length];
    device.line = Object.keys(lines)[number % 3];
    device.random = random;
    device.ledger = new Ledger();
    device.busy = false;
    device.returns = 0;
    device.recovered = 0;
    device.complaints = [];
    device.proxy = await Proxy.start(server.port);
    const auth = { token: server.token(user), ...(device.mode === "sync" && { recovery: false }) };
    device.client = new Client(io(device.proxy.url, { auth, transports: lines[device.line], ...timers }));
    device.#listen(device.client.socket);
    await device.client.connected();
    return device;
  }

  #listen(socket) {
    socket.onAny((name, body) => {
      this.client.received.length = 0;
      if (name === "sync:complete") this.ledger.rewound(body.jobId, body.lastSequence);
      else if (/^(job:error|stream:reset)$/.test(name)) this.complaints.push(`${name} ${JSON.stringify(body)}`);
      else if (Number.isInteger(body?.sequence)) this.#take(name, body);
    });
    socket.io.on("reconnect", () => (this.returning = true));
    socket.on("connect", () => this.#connected());
  }

  #connected() {
    if (this.returning) {
      this.returns += 1;
      this.recovered += this.client.socket.recovered ? 1 : 0;
    }
    this.returning = false;
    if (this.mode === "sync") for (const jobId of this.unfinished()) this.#catchUp(jobId);
    if (this.mode === "both" && this.random() < 0.7) this.#rewind();
  }

  #take(name, body) {
    this.ledger.take(name, body);
    if (this.mode === "both" && this.random() < 0.01) this.#rewind();
  }

  unfinished() {
    return [...this.ledger.accounts].filter(([, account]) => !account.ended).map(([jobId]) => jobId);
  }

  /** Rewinds a random job to a random event, unless a rewind of it is under way. */
  #rewind() {
    const idle = this.unfinished().filter((jobId) => this.ledger.of(jobId).rewinds.length === 0);
    if (idle.length === 0) return;
    const jobId = pick(this.random, idle);
    const lastSequence = Math.floor(this.random() * this.ledger.of(jobId).next);
    this.ledger.rewind(jobId, lastSequence);
    this.client.socket.emit("reconnect:sync", { jobId, lastSequence });
  }

  #catchUp(jobId) {
    const lastSequence = this.ledger.of(jobId).next - 1;
    this.ledger.detach(jobId);
    this.ledger.rewind(jobId, lastSequence);
    this.client.socket.emit("reconnect:sync", { jobId, lastSequence });
  }

  /** A job of its user that was started somewhere else. */
  follow(jobId) {
    this.ledger.of(jobId);
    if (this.mode === "sync" && this.client.socket.connected) this.#catchUp(jobId);
  }

  /** A cut of a random kind. */
  async cut() {
    const { random, proxy } = this;
    const stallMillis = random() < 0.3 ? Math.floor(random() * 400) : 0;
    const kind = random();
    if (kind < 0.6) {
      await proxy.cutAfter(1 + Math.floor(random() ** 2 * 10_000), { stallMillis });
    } else if (kind < 0.75) {
      await proxy.cut();
    } else {
      await this.#cutOnTheWayBack(1 + Math.floor(random() * 500), stallMillis);
    }
  }

  /** Cuts, and then again in the middle of what the client sends to come back: a request, a post, the CONNECT packet. */
  async #cutOnTheWayBack(bytes, stallMillis) {
    let through = false;
    const blown = this.proxy.cutAfter(bytes, { towards: "server", stallMillis }).then(() => (through = true));
    // Once more when the client had sent most of it before the first cut.
    for (; !through; await Promise.race([blown, delay(kReturnMillis)])) await this.proxy.cut();
  }

  describe() {
    const { socket } = this.client;
    return `${this.mode}, ${this.line}, ${socket.connected ? "" : "not "}connected`;
  }

  async close() {
    this.client.socket.close();
    await this.proxy.close();
  }
}
