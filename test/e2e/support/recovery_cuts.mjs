// Random cuts and kills under parallel jobs; then the books of every client are checked against the logs.

import { io } from "socket.io-client";
import { Client, endings, within } from "./client.mjs";
import { Device, modes, pick, timers } from "./device.mjs";
import { Server, briskHeartbeat } from "./server.mjs";
import { assertWhole } from "./stream.mjs";
import { eventually } from "./wait.mjs";

const kUsers = 10;
const settleMillis = 120_000;
const kCutters = 6;

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A user's own line to the server, which starts the jobs. */
class Owner {
  constructor(server, user) {
    this.name = user;
    this.started = 0;
    this.connect = () => io(server.url, { auth: { token: server.token(user) }, transports: ["websocket"], ...timers });
    this.client = new Client(this.connect());
    this.ended = new Set();
    this.client.socket.onAny((name, body) => {
      this.client.received.length = 0;
      if (!endings.has(name)) return;
      this.ended.add(body.jobId);
      this.client.look();
    });
  }

  /** Asks with the same key until an answer comes, so that a kill in between starts no second job. */
  start(input) {
    const { socket } = this.client;
    const request = { type: "test-job", input, idempotencyKey: `${this.name}-${(this.started += 1)}` };
    const answer = new Promise((resolve, reject) => {
      const ask = () =>
        socket.emit("start:job", request, ({ jobId, error }) => {
          socket.off("connect", ask);
          if (jobId) resolve(jobId);
          else reject(new Error(`start:job was refused: ${error}`));
        });
      socket.on("connect", ask);
      if (socket.connected) ask();
    });
    return within(answer, `answer to start:job of ${this.name}`, settleMillis);
  }

  end(jobId) {
    return this.client.until(() => this.ended.has(jobId), `end of ${jobId} for its owner`, settleMillis);
  }
}

/** The job as the server has it now, which must be whole. */
async function readLog(client, jobId, chunks) {
  client.received.length = 0;
  client.socket.emit("reconnect:sync", { jobId, lastSequence: 0 });
  await client.event("sync:complete", (body) => body.jobId === jobId);
  const log = client.of(jobId);
  assertWhole(log, chunks);
  return log;
}

class Run {
  constructor({ cuts, jobs, kills, seed, chunks, report }) {
    Object.assign(this, { cuts, jobs, kills, chunks, report, random: randomOf(seed) });
    this.begun = 0;
    this.jobIds = new Map();
    this.devices = [];
    this.owners = [];
    this.stopping = false;
  }

  async open() {
    this.server = await Server.start({ config: briskHeartbeat });
    for (let number = 0; number < kUsers; number += 1) {
      const owner = new Owner(this.server, `user-${number}`);
      await owner.client.connected();
      this.owners.push(owner);
      this.jobIds.set(owner.name, []);
      for (let device = 0; device < modes.length; device += 1) {
        const order = number * modes.length + device;
        this.devices.push(await Device.open(this.server, owner.name, order, this.random));
      }
    }
  }

  async close() {
    for (const { client } of this.owners) client.socket.close();
    await Promise.all(this.devices.map((device) => device.close()));
    await this.server?.dispose();
  }

  of(owner) {
    return this.devices.filter(({ user }) => user === owner.name);
  }

  async job(owner) {
    const jobId = await owner.start({ chunks: this.chunks, intervalMs: 60 + Math.floor(this.random() * 80), chunkBytes: 60 });
    this.jobIds.get(owner.name).push(jobId);
    for (const device of this.of(owner)) device.follow(jobId);
    await owner.end(jobId);
  }

  /** Keeps one job of the owner running as long as there are cuts. */
  async slot(owner) {
    do await this.job(owner);
    while (!this.stopping);
  }

  async cutter() {
    while (this.begun < this.cuts) {
      this.begun += 1;
      const device = pick(this.random, this.devices.filter(({ busy }) => !busy));
      device.busy = true;
      await within(device.cut(), `cut of a client (${device.describe()})`, settleMillis);
      device.busy = false;
    }
  }

  async killer() {
    for (let kill = 1; kill <= this.kills; kill += 1) {
      const at = ((kill - this.random() * 0.8) * this.cuts) / (this.kills + 1);
      await eventually(() => this.begun >= at, `cut ${at}`, settleMillis);
      await this.server.crash();
      this.report(`kill ${kill} of ${this.kills} at cut ${this.begun} of ${this.cuts}`);
    }
  }

  async play() {
    const slots = Array.from({ length: this.jobs }, (_, number) => this.slot(this.owners[number % kUsers]));
    const faults = [this.killer(), ...Array.from({ length: kCutters }, () => this.cutter())];
    await Promise.race([Promise.all(faults), Promise.all(slots).then(() => Promise.all(faults))]);
    this.stopping = true;
    await Promise.all(slots);
    // Whatever comes too much comes before the end of a job that begins now.
    await Promise.all(this.owners.map((owner) => this.job(owner)));
    const settled = () => this.devices.every((device) => device.unfinished().length === 0);
    await eventually(settled, () => this.#stuck(), settleMillis);
  }

  #stuck() {
    const left = this.devices.flatMap((device) =>
      device.unfinished().map((jobId) => `${jobId} at ${device.ledger.of(jobId).next} (${device.describe()})`),
    );
    return `end of ${left.length} streams: ${left.slice(0, 5).join(", ")}`;
  }

  async books() {
    const sum = (value) => this.devices.reduce((total, device) => total + value(device), 0);
    const back = this.devices.filter(({ mode }) => mode !== "sync");
    const result = {
      lost: 0,
      duplicated: sum(({ ledger }) => ledger.duplicated),
      disordered: sum(({ ledger }) => ledger.disordered),
      altered: sum(({ ledger }) => ledger.altered),
      complaints: this.devices.flatMap(({ complaints }) => complaints),
      resets: sum(({ proxy }) => proxy.resets),
      events: sum(({ ledger }) => ledger.events),
      jobs: 0,
      returns: back.reduce((total, { returns }) => total + returns, 0),
      recovered: back.reduce((total, { recovered }) => total + recovered, 0),
      silentReturns: back.filter(({ mode }) => mode === "silent").reduce((total, { returns }) => total + returns, 0),
    };
    for (const owner of this.owners) {
      const auditor = new Client(owner.connect());
      for (const jobId of this.jobIds.get(owner.name)) {
        const log = await readLog(auditor, jobId, this.chunks);
        result.jobs += 1;
        for (const { ledger } of this.of(owner)) result.lost += ledger.missing(jobId, log);
      }
      auditor.socket.close();
    }
    return result;
  }
}

/**
 * @param {{cuts: number, jobs: number, kills: number, seed: number, chunks?: number}} options `jobs` run in parallel, each
 *   with `chunks` chunks, until there have been that many cuts and kills
 */
export async function runRecoveryCuts({ cuts, jobs, kills, seed, chunks = 60, report = () => {} }) {
  const run = new Run({ cuts, jobs, kills, seed, chunks, report });
  try {
    await run.open();
    await run.play();
    return await run.books();
  } finally {
    await run.close();
  }
}
