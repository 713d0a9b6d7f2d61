// A server whose every answer the test gives, and a worker that talks to it in virtual time.

import assert from "node:assert/strict";
import { Core } from "../../dist/core.js";
import { Tokens } from "../../dist/tokens.js";
import { settle, VirtualClock } from "./clock.mjs";

export const welcome = {
  worker: "w",
  types: ["*"],
  leaseMs: 15_000,
  renewMs: 5_000,
  maxEventBytes: 1000,
  window: { events: 4, bytes: 100 },
};

export function aJob(more = {}) {
  const job = more.job ?? "job_1";
  return {
    job,
    lease: `lease of ${job}`,
    epoch: 1,
    type: "t",
    user: "ada",
    input: {},
    attempt: 1,
    resumed: false,
    hasBegun: false,
    chunkCount: 0,
    checkpointChunkCount: 0,
    lastSequence: 0,
    checkpointEvery: 10,
    ...more,
  };
}

export class FakeServer {
  constructor(t, { handlers, token = "token", clock = new VirtualClock(), ...more } = {}) {
    this.clock = clock;
    this.connections = [];
    this.log = [];
    const table = Object.entries(handlers).map(([type, given]) => [type, typeof given === "function" ? { run: given } : given]);
    this.core = new Core({
      connect: (text, listener) => this.#connect(text, listener),
      tokens: new Tokens(token),
      handlers: new Map(table),
      concurrency: 1,
      finishMs: 0,
      drainMs: 10_000,
      clock,
      log: (entry) => this.log.push(entry),
      ...more,
    });
    this.running = this.core.run();
    this.ended = this.running.then(
      () => "stopped",
      (error) => error,
    );
    t.after(async () => {
      const stopped = this.core.stop();
      await clock.advance(100_000);
      await stopped;
    });
  }

  #connect(token, listener) {
    const connection = {
      token,
      listener,
      requests: [],
      open: true,
      request: (event, arg, answer) => connection.requests.push({ event, arg: structuredClone(arg), answer }),
      close: () => (connection.open = false),
    };
    this.connections.push(connection);
    return connection;
  }

  /** The newest connection. */
  get connection() {
    return this.connections.at(-1);
  }

  /** Says welcome on it, whenever it is there. */
  async welcome(more = {}, count = this.connections.length || 1) {
    await this.clock.until(() => this.connections.length >= count);
    this.connection.listener.event("welcome", { ...welcome, ...more });
    await settle();
  }

  async cut() {
    const count = this.connections.length + 1;
    this.connection.open = false;
    this.connection.listener.down("transport close", false);
    await this.clock.until(() => this.connections.length >= count);
  }

  async event(name, arg) {
    this.connection.listener.event(name, arg);
    await settle();
  }

  /** The oldest unanswered request, which must be `event`; it is taken. */
  async next(event) {
    await settle();
    const request = this.connection.requests.shift();
    assert.ok(request, `no ${event} came`);
    assert.equal(request.event, event);
    return request;
  }

  async answer(event, ack = { ok: true }) {
    const request = await this.next(event);
    request.answer(ack);
    await settle();
    return request.arg;
  }

  async silent() {
    await settle();
    assert.deepEqual(this.connection.requests.map(({ event }) => event), []);
  }

  /** Connects, hands out the job and answers its begin. */
  async begin(job = aJob()) {
    await this.welcome();
    await this.answer("claim", { jobs: [job] });
    return this.answer("begin");
  }

  /** Answers everything until the run ends; resolves with its events and the last command. */
  async play() {
    const events = [];
    for (;;) {
      await this.clock.until(() => this.connection.requests.length > 0);
      const { event, arg, answer } = this.connection.requests.shift();
      if (event === "append") {
        assert.equal(arg.from, events.length + 1);
        events.push(...arg.events);
      }
      answer(event === "renew" ? { lost: [] } : event === "claim" ? { jobs: [] } : { ok: true, state: "completed" });
      if (event === "finish" || event === "release") return { events, event, arg };
    }
  }
}
