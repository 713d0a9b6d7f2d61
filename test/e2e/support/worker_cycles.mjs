// Workers in C++ and in TypeScript under load while they, their lines and the server are struck again and again; then every
// job must stand whole.

import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { io } from "socket.io-client";
import { Client, Reader, within } from "./client.mjs";
import { Proxy } from "./proxy.mjs";
import { Server } from "./server.mjs";
import { standing } from "./standing.mjs";
import { eventually } from "./wait.mjs";
import { TsWorker } from "./ts_worker.mjs";
import { Worker } from "./worker.mjs";

const kLeaseMillis = 1_500;
const kSettleMillis = 60_000;
const kPatienceMillis = 60_000;
// A job is interrupted here more often than a job that is to blame for it.
const config = `[worker]\nthreads = 0\nremote_types = ["numbers"]\nlease_ms = ${kLeaseMillis}\n[jobs]\nattempts = 1000\n`;

const pick = (list) => list[randomInt(list.length)];

/** A place for a worker process, and its line. The even ones are in TypeScript. */
class Seat {
  constructor(server, number, places, tally) {
    Object.assign(this, { server, number, places, tally, generation: 0, retired: [] });
  }

  async sit() {
    this.proxy ??= await Proxy.start(this.server.port);
    const name = `worker-${this.number}-${(this.generation += 1)}`;
    const options = { name, url: this.proxy.url };
    const { places } = this;
    this.worker =
      this.number % 2 === 0
        ? await TsWorker.start(this.server, { ...options, settings: { concurrency: places, drainMs: 3_000 } })
        : await Worker.start(this.server, { ...options, args: ["--type", "test-job", "--threads", String(places)] });
  }

  async kill() {
    await this.worker.end("SIGKILL");
    this.#look(this.worker);
    await this.sit();
  }

  async drain() {
    this.retired.push(this.worker);
    this.worker.signal("SIGTERM");
    await this.sit();
  }

  /** Long enough that somebody else has its jobs. */
  async freeze() {
    const { worker } = this;
    worker.signal("SIGSTOP");
    await delay(kLeaseMillis * 1.5);
    worker.signal("SIGCONT");
    this.tally.zombies += 1;
  }

  async leave() {
    for (const worker of [...this.retired, this.worker]) {
      await worker.end("SIGKILL");
      this.#look(worker);
    }
    await this.proxy.close();
  }

  /** A worker that complains of the server, or whose process threw. */
  #look({ messages = [], errors }) {
    const complaints = messages.filter(({ level }) => level === "error").map(({ log, error }) => `${log} ${error ?? ""}`);
    this.tally.complaints.push(...complaints, ...(errors ? [errors] : []));
  }
}

/** The two kinds of jobs, and what their chunks are as numbers from 0. */
const kinds = [
  {
    type: "numbers",
    // Without checkpoints it begins anew each time, and a long one would never end here.
    input: (to) => ({ to, intervalMs: pick([0, 2, 15]), checkpointEvery: pick(to < 80 ? [0, 1, 7] : [1, 7, 40]) }),
    number: ({ n }) => n,
  },
  {
    type: "test-job",
    input: (to) => ({ chunks: to, intervalMs: pick([1, 5, 15]) }),
    number: (text) => Number(/\d+/.exec(text)[0]) - 1,
  },
];

/** One user who runs job after job of one kind until told to stop. */
class Load {
  constructor(server, number, tally) {
    Object.assign(this, { server, tally });
    this.stopping = false;
    const auth = { token: server.token(`user-${number}`) };
    const timers = { reconnectionDelay: 50, reconnectionDelayMax: 300, forceNew: true };
    this.client = new Client(io(server.url, { auth, transports: ["websocket"], ...timers }));
    this.client.socket.onAny(() => (this.client.received.length = 0));
    this.name = `load-${number}`;
    this.kind = kinds[number % 2];
  }

  async run() {
    for (let number = 0; !this.stopping; number += 1) {
      const to = 50 + randomInt(150);
      const reader = new Reader(this.client, await this.#start(this.kind.input(to), `${this.name}-${number}`));
      await this.#finished(reader);
      this.#judge(reader, to);
    }
  }

  #start(input, idempotencyKey) {
    const { socket } = this.client;
    const asked = new Promise((resolve, reject) => {
      const ask = () =>
        socket.emit("start:job", { type: this.kind.type, input, idempotencyKey }, (answer) => {
          socket.off("connect", ask);
          if (answer.jobId) resolve(answer.jobId);
          else reject(new Error(`start:job was refused: ${JSON.stringify(answer)}`));
        });
      socket.on("connect", ask);
      if (socket.connected) ask();
    });
    return within(asked, `answer to start:job of ${this.name}`, kSettleMillis);
  }

  /** A job may take long where everything is struck again and again, but it must get on. */
  async #finished(reader) {
    for (;;) {
      const seen = reader.last;
      try {
        return await reader.finished(kSettleMillis);
      } catch (error) {
        if (reader.last === seen) await this.#explain(error, reader);
      }
    }
  }

  /** What is known of a job that does not get on. */
  async #explain(error, { jobId, events }) {
    const facts = await eventually(() => {
      try {
        return this.server.command(["jobs", "show", jobId, "--url", this.server.url]);
      } catch {
        return null;  // The server is being struck.
      }
    }, "facts");
    const last = events.slice(-3).map(({ name, body }) => `${name} ${JSON.stringify(body.payload).slice(0, 100)}`);
    throw new Error([error.message, ...last, facts].join("\n"));
  }

  #judge({ events, gaps, outcome }, to) {
    const numbers = standing(events).map(this.kind.number);
    this.tally.jobs += 1;
    this.tally.chunks += numbers.length;
    this.tally.takeovers += events.filter(({ name }) => name === "job:resumed").length;
    this.tally.lost += Math.max(0, to - new Set(numbers).size);
    this.tally.doubled += numbers.length - new Set(numbers).size;
    this.tally.disordered += gaps + numbers.filter((n, index) => n !== index).length;
    this.tally.failed += outcome.name === "job:completed" ? 0 : 1;
  }
}

export async function runWorkerCycles({ cycles, workers = 4, users = 8, report = () => {} }) {
  const tally = { jobs: 0, chunks: 0, takeovers: 0, zombies: 0, lost: 0, doubled: 0, disordered: 0, failed: 0, stuck: 0, complaints: [] };
  const server = await Server.start({ config });
  // Half of the workers of a kind have room for its jobs.
  const places = Math.max(4, Math.ceil((2 * users) / workers));
  const seats = Array.from({ length: workers }, (_, number) => new Seat(server, number, places, tally));
  const loads = Array.from({ length: users }, (_, number) => new Load(server, number, tally));
  const strikes = {
    kill: () => pick(seats).kill(),
    drain: () => pick(seats).drain(),
    freeze: () => pick(seats).freeze(),
    cut: () => pick(seats).proxy.cut(),
    "cut in a message": () => pick(seats).proxy.cutAfter(1 + randomInt(4_000), { towards: pick(["server", "client"]) }),
    crash: () => server.crash(),
  };
  try {
    await Promise.all(seats.map((seat) => seat.sit()));
    const running = loads.map((load) => load.run().catch((error) => ((tally.stuck += 1), report(error.message))));
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const [what, strike] = Object.entries(strikes)[cycle % 6];
      await within(Promise.all([strike(), delay(100 + randomInt(400))]), what, kPatienceMillis);
      report(`cycle ${cycle + 1} of ${cycles}: ${what}`);
    }
    for (const load of loads) load.stopping = true;
    await Promise.all(running);
  } finally {
    for (const { client } of loads) client.socket.close();
    await Promise.all(seats.map((seat) => seat.leave()));
    await server.dispose();
  }
  return tally;
}
