// Clients under load while the server is killed with -9 again and again; then the books are checked.

import { io } from "socket.io-client";
import { Client, Reader, endings, within } from "./client.mjs";
import { Server } from "./server.mjs";

const kUsers = 10;
const settleMillis = 120_000;
const job = { chunks: 150, intervalMs: 10, chunkBytes: 120 };

/** One client that runs job after job until told to stop. */
class Load {
  constructor(server, number, counter) {
    this.name = `load-${number}`;
    this.counter = counter;
    this.readers = [];
    this.stopping = false;
    const options = { auth: { token: server.token(`user-${number % kUsers}`) }, transports: ["websocket"] };
    this.client = new Client(io(server.url, { ...options, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 500 }));
    this.client.socket.onAny(() => counter.count());
  }

  async run() {
    for (let number = 0; !this.stopping; number += 1) {
      const reader = new Reader(this.client, await this.#start(`${this.name}-${number}`));
      this.readers.push(reader);
      await reader.finished(settleMillis);
      this.client.received.length = 0;
    }
  }

  /** Asks with the same key until an answer comes: the README's way to survive a lost one. */
  async #start(idempotencyKey) {
    const { socket } = this.client;
    const request = { type: "test-job", input: job, idempotencyKey };
    return within(
      new Promise((resolve, reject) => {
        const ask = () =>
          socket.emit("start:job", request, (answer) => {
            socket.off("connect", ask);
            if (answer.jobId) resolve(answer.jobId);
            else reject(new Error(`start:job was refused: ${JSON.stringify(answer)}`));
          });
        socket.on("connect", ask);
        if (socket.connected) ask();
      }),
      `answer to start:job of ${this.name}`,
      settleMillis,
    );
  }
}

/** Counts what all clients receive and tells when there has been enough. */
class Counter {
  #left = Infinity;
  #reached = () => {};

  count() {
    this.#left -= 1;
    if (this.#left === 0) this.#reached();
  }

  after(events) {
    this.#left = events;
    return within(new Promise((resolve) => (this.#reached = resolve)), `${events} events`, settleMillis);
  }
}

/** Compares what one client saw of a job with the job's log as the server has it now. */
function audit(reader, log, tally) {
  const stored = new Map(log.map((entry) => [entry.body.sequence, JSON.stringify(entry)]));
  for (const entry of reader.events) {
    if (stored.get(entry.body.sequence) !== JSON.stringify(entry)) tally.lost += 1;
  }
  const chunks = log.filter(({ name }) => name === "job:chunk").map(({ body }) => body.payload.chunk);
  tally.lost += Math.max(0, job.chunks - new Set(chunks).size);
  tally.duplicated += chunks.length - new Set(chunks).size;
  tally.duplicated += log.filter(({ name }) => endings.has(name)).length > 1 ? 1 : 0;
  tally.gaps += reader.gaps + log.filter(({ body }, index) => body.sequence !== index + 1).length;
  if (log.at(-1)?.name !== "job:completed") tally.stuck += 1;
}

async function readLog(client, jobId) {
  client.received.length = 0;
  const answer = await client.call("reconnect:sync", { jobId, lastSequence: 0 });
  if (answer.error) return [];
  await client.event("sync:complete", (body) => body.jobId === jobId);
  return client.of(jobId);
}

/**
 * @returns {Promise<{acknowledged: number, jobs: number, lost: number, duplicated: number, gaps: number, stuck: number}>}
 */
export async function runKillCycles({ cycles, clients = 50, report = () => {} }) {
  const server = await Server.start();
  const counter = new Counter();
  const loads = Array.from({ length: clients }, (_, number) => new Load(server, number, counter));
  const tally = { acknowledged: 0, jobs: 0, lost: 0, duplicated: 0, gaps: 0, stuck: 0 };
  try {
    const running = loads.map((load) => load.run().catch((error) => ((tally.stuck += 1), report(error.message))));
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await counter.after(clients * (1 + Math.floor(Math.random() * 60)));
      await server.crash();
      report(`cycle ${cycle} of ${cycles}`);
    }
    for (const load of loads) load.stopping = true;
    await Promise.all(running);
    for (const { client, readers } of loads) {
      for (const reader of readers) {
        audit(reader, await readLog(client, reader.jobId), tally);
        tally.acknowledged += reader.events.length;
        tally.jobs += 1;
      }
    }
  } finally {
    for (const { client } of loads) client.socket.close();
    await server.dispose();
  }
  return tally;
}
