// Whole workers against a model of the server, over lines that break, with processes that are killed or stand still. The
// same seed gives the same history: HAWSER_WORKER_SEED=17 runs one seed, HAWSER_WORKER_SEEDS=1000 so many.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../dist/clock.js";
import { PermanentError } from "../dist/index.js";
import { VirtualClock } from "./support/clock.mjs";
import { ModelServer } from "./support/model_server.mjs";
import { ModelWorker } from "./support/model_worker.mjs";
import { welcome } from "./support/fake_server.mjs";

const kSeeds = Number(process.env.HAWSER_WORKER_SEEDS ?? 60);
const kOnly = process.env.HAWSER_WORKER_SEED;
const kTroubleMillis = 40_000;
const limits = { ...welcome, leaseMs: 4_000, renewMs: 1_300, window: { events: 8, bytes: 60 } };

/** Numbers from 0 up to 1, the same for the same seed. */
function generator(seed) {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chunks are 0, 1, 2, …, so that a lost or doubled one shows. */
const handlers = (clock) => {
  const work = () => sleep(clock, clock.random() < 0.5 ? 0 : clock.random() * 300);
  return {
    checkpoints: {
      async *run(job, { checkpoint, progress }) {
        let next = job.checkpoint?.next ?? 0;
        if (job.chunkCount !== next) throw new PermanentError(`told of ${job.chunkCount} chunks, checkpoint at ${next}`);
        try {
          for (; next < job.input.to; next += 1) {
            await work();
            yield next;
            progress({ current: next, total: job.input.to });
            if (clock.random() < 0.2) await checkpoint({ next: next + 1 });
            if (clock.random() < 0.01) throw new Error("bad luck");
          }
        } catch (error) {
          if (error.reason === "drain") await checkpoint({ next });
          throw error;
        }
        return { total: next };
      },
    },
    timed: {
      async *run(job, { checkpointWith }) {
        let next = job.checkpoint ?? 0;
        checkpointWith(() => next + 1);
        for (; next < job.input.to; next += 1) {
          if (next % 5 === 0) await work();
          yield next;
        }
      },
    },
    careless: {
      async run(job, { emit, signal }) {
        for (let next = 0; next < job.input.to; next += 1) {
          emit(next);
          if (next % 4 === 0) await work();
          if (signal.aborted && clock.random() < 0.5) return;
        }
        return "all";
      },
    },
    exact: {
      plan: () => "last_event",
      async *run(job) {
        for (let next = job.chunkCount; next < job.input.to; next += 1) {
          await work();
          yield next;
        }
      },
    },
  };
};

class Simulation {
  constructor(seed) {
    this.random = generator(seed);
    this.clock = new VirtualClock(this.random);
    this.server = new ModelServer(this.clock, this.random, limits);
    this.cancelled = new Set();
    this.log = (entry) => entry.level === "error" && this.server.defects.push(["log", entry.message, String(entry.error)]);
    this.workers = [0, 1, 2].map(() => this.#worker());
    const types = Object.keys(handlers(this.clock));
    for (let i = 0; i < 12; i += 1) {
      this.server.add(`job_${i}`, types[i % types.length], { to: Math.floor(this.random() * 120) });
    }
  }

  async run() {
    this.server.refusals = 0.05;
    while (this.clock.now() < kTroubleMillis) {
      await this.clock.advance(this.random() * 1_500);
      this.#strike();
    }
    this.server.refusals = 0;
    this.#serverUp();
    for (const worker of this.workers) worker.clock.state === "stopped" && worker.clock.resume();
    await this.clock.until(() => [...this.server.jobs.values()].every((job) => job.ended), 400_000);
    const stopped = Promise.all(this.workers.map(({ core }) => core.stop()));
    await this.clock.advance(30_000);
    await stopped;
  }

  #worker() {
    return new ModelWorker(this.server, handlers, this.log);
  }

  #strike() {
    const at = Math.floor(this.random() * this.workers.length);
    const worker = this.workers[at];
    const strikes = [
      () => worker.cut(),
      () => worker.cut(),
      () => worker.mute(),
      () => this.#stopProcess(worker),
      () => (worker.kill(), (this.workers[at] = this.#worker())),
      () => (void worker.core.stop(), (this.workers[at] = this.#worker())),
      () => this.#restartServer(),
      () => this.#cancel(),
    ];
    strikes[Math.floor(this.random() * strikes.length)]();
  }

  #stopProcess(worker) {
    worker.clock.state = "stopped";
    this.clock.setTimeout(() => worker.clock.state === "stopped" && worker.clock.resume(), this.random() * 8_000);
  }

  #restartServer() {
    this.server.up = false;
    for (const worker of this.workers) worker.cut();
    this.clock.setTimeout(() => this.#serverUp(), this.random() * 6_000);
  }

  #serverUp() {
    this.server.up = true;
    this.server.restart();
  }

  #cancel() {
    if (this.cancelled.size >= 3) return;
    const id = `job_${Math.floor(this.random() * 12)}`;
    this.cancelled.add(id);
    this.server.cancel(id);
  }
}

async function check(seed) {
  const simulation = new Simulation(seed);
  await simulation.run();
  assert.deepEqual(simulation.server.defects, [], `seed ${seed}`);
  for (const job of simulation.server.jobs.values()) {
    const count = job.state === "completed" ? job.input.to : job.standing.length;
    const chunks = job.standing.map(({ payload }) => payload);
    assert.deepEqual(chunks, Array.from({ length: count }, (_, i) => i), `seed ${seed}, ${job.job} of ${job.type}, ${job.state}`);
    assert.ok(job.state === "completed" || simulation.cancelled.has(job.job), `seed ${seed}: ${job.job} ${job.state}`);
    assert.equal(job.log.some(([kind, payload], at) => kind === "resumed" && payload < at && job.type === "exact"), false);
  }
  return simulation.server;
}

test("whatever breaks, every chunk is there once and in order, and every job comes to its end", async () => {
  const seeds = kOnly ? [Number(kOnly)] : Array.from({ length: kSeeds }, (_, i) => i + 1);
  let resumed = 0;
  for (const seed of seeds) {
    const { jobs } = await check(seed);
    for (const { log } of jobs.values()) resumed += log.filter(([kind]) => kind === "resumed").length;
  }
  assert.ok(kOnly || resumed > seeds.length * 5, `only ${resumed} runs went on from others`);
});
