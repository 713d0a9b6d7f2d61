// A worker that may be killed or stopped like a process, and its bad line to the model server.

import { Core } from "../../dist/core.js";
import { Tokens } from "../../dist/tokens.js";

/** Time as one process sees it. */
class ProcessClock {
  constructor(clock, random) {
    this.clock = clock;
    this.random = random;
    this.state = "alive";
    this.deferred = [];
  }

  now() {
    return this.clock.now();
  }

  /** Runs it now, when the process goes on, or never. */
  do(action) {
    if (this.state === "alive") action();
    else if (this.state === "stopped") this.deferred.push(action);
  }

  setTimeout(action, millis) {
    const timer = { base: undefined, dead: false };
    const run = () => timer.dead || action();
    timer.base = this.clock.setTimeout(() => this.do(run), millis);
    return timer;
  }

  clearTimeout(timer) {
    if (!timer) return;
    timer.dead = true;
    this.clock.clearTimeout(timer.base);
  }

  resume() {
    this.state = "alive";
    for (const action of this.deferred.splice(0)) action();
  }
}

export class ModelWorker {
  constructor(server, handlers, log) {
    this.server = server;
    this.clock = new ProcessClock(server.clock, server.random);
    this.lines = new Set();
    this.core = new Core({
      connect: (token, listener) => this.#connect(listener),
      tokens: new Tokens("token"),
      handlers: new Map(Object.entries(handlers(this.clock)).map(([type, handler]) => [type, handler])),
      concurrency: 3,
      finishMs: 0,
      drainMs: 2_000,
      clock: this.clock,
      log,
    });
    this.running = this.core.run();
  }

  cut() {
    for (const line of [...this.lines]) line.cut();
  }

  /** From now on nothing arrives, and nobody is told. */
  mute() {
    for (const line of this.lines) line.muted = true;
  }

  kill() {
    this.clock.state = "dead";
    this.cut();
  }

  #connect(listener) {
    const line = new ModelLine(this, listener);
    return line;
  }
}

/** One connection: messages take a while, keep their order, and are lost with it. */
class ModelLine {
  constructor(worker, listener) {
    this.worker = worker;
    this.server = worker.server;
    this.listener = listener;
    this.open = true;
    this.muted = false;
    this.arrival = { up: 0, down: 0 };
    worker.lines.add(this);
    this.#carry("up", () => this.#accept());
  }

  #accept() {
    if (!this.server.up) return this.cut();
    this.server.connections.add(this);
    this.send("welcome", this.server.welcome);
  }

  send(name, arg) {
    this.#carry("down", () => this.worker.clock.do(() => this.open && this.listener.event(name, arg)));
  }

  request(event, arg, answer) {
    const copy = structuredClone(arg);
    this.#carry("up", () => {
      const ack = structuredClone(this.server.answer(this, event, copy));
      this.#carry("down", () => this.worker.clock.do(() => this.open && answer(ack)));
    });
  }

  close() {
    this.#end();
  }

  cut() {
    if (!this.#end()) return;
    this.worker.clock.do(() => this.listener.down("transport close", false));
  }

  #end() {
    if (!this.open) return false;
    this.open = false;
    this.worker.lines.delete(this);
    // The server notices a little later.
    this.server.clock.setTimeout(() => this.server.disconnected(this), 1 + this.server.random() * 20);
    return true;
  }

  #carry(way, arrive) {
    const { clock, random } = this.server;
    const at = Math.max(this.arrival[way], clock.now() + 1 + random() * 20);
    this.arrival[way] = at;
    clock.setTimeout(() => this.open && !this.muted && arrive(), at - clock.now());
  }
}
