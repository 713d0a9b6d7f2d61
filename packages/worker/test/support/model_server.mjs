// What the server promises on docs/worker-protocol.md, in memory: leases, fencing, withdrawal. It judges its workers:
// `defects` are commands that no correct worker sends.

const kTemporary = ["overloaded", "storage_full", "rate_limited"];

class Refusal extends Error {
  constructor(code, more = {}) {
    super(code);
    this.answer = { error: code, code, ...more };
  }
}

/** A job and its log: `[kind, payload]`, with `["resumed", keepThrough]` where output was withdrawn. */
class ModelJob {
  constructor(job, type, input) {
    Object.assign(this, { job, type, input, log: [], epoch: 0, attempt: 0, accepted: 0, begun: false });
    this.holder = undefined;
    this.state = "queued";
    this.leaseUntil = Infinity;
  }

  /** The chunks that stand, as a client keeps them, each with its place in the log. */
  get standing() {
    let chunks = [];
    this.log.forEach(([kind, payload], at) => {
      if (kind === "resumed") chunks = chunks.filter((chunk) => chunk.at < payload);
      if (kind === "chunk") chunks.push({ at, payload });
    });
    return chunks;
  }

  /** The newest checkpoint that was not withdrawn. */
  get checkpoint() {
    let found;
    this.log.forEach(([kind, payload], at) => {
      if (kind === "resumed" && found && found.at >= payload) found = undefined;
      if (kind === "checkpoint") found = { at, payload };
    });
    return found;
  }

  get ended() {
    return ["completed", "failed", "cancelled"].includes(this.state);
  }

  giveBack() {
    this.epoch += 1;
    this.state = "queued";
    this.holder = undefined;
  }
}

export class ModelServer {
  constructor(clock, random, welcome) {
    this.clock = clock;
    this.random = random;
    this.welcome = welcome;
    this.jobs = new Map();
    this.connections = new Set();
    this.defects = [];
    this.up = true;
    this.refusals = 0;
    this.#sweep();
  }

  add(job, type, input) {
    this.jobs.set(job, new ModelJob(job, type, input));
    this.#hint();
  }

  cancel(id) {
    const job = this.jobs.get(id);
    if (job.ended) return;
    if (job.holder && this.random() < 0.7) {
      const lease = `${id}/${job.epoch}`;
      for (const connection of this.connections) connection.send("stop", { job: id, lease, reason: "cancelled" });
    }
    job.epoch += 1;
    job.state = "cancelled";
  }

  /** What a claim on that connection brought and did not begin goes back. */
  disconnected(connection) {
    this.connections.delete(connection);
    for (const job of this.jobs.values()) {
      if (!job.ended && job.holder === connection && !job.begun) job.giveBack();
    }
  }

  restart() {
    for (const job of this.jobs.values()) if (job.holder) job.leaseUntil = this.clock.now() + this.welcome.leaseMs;
  }

  answer(connection, event, arg) {
    try {
      if (this.random() < this.refusals) throw new Refusal(kTemporary[Math.floor(this.random() * 3)], { retryAfter: 0.2 });
      return this[event](arg, connection);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (["invalid_state", "sequence_gap", "bad_request"].includes(error.message)) this.defects.push([event, arg, error.message]);
      return error.answer;
    }
  }

  claim({ max, types }, connection) {
    const free = [...this.jobs.values()].filter((job) => job.state === "queued" && types.includes(job.type)).slice(0, max);
    return { jobs: free.map((job) => this.#hand(job, connection)) };
  }

  begin({ job: id, lease, from }) {
    const job = this.#held(id, lease);
    if (job.begun) return { ok: true };
    if (job.attempt > 0) job.log.push(["resumed", this.#keepThrough(job, from)]);
    Object.assign(job, { begun: true, accepted: 0, attempt: job.attempt + 1 });
    return { ok: true };
  }

  append({ job: id, lease, from, events }) {
    const job = this.#held(id, lease);
    const { window } = this.welcome;
    const bytes = JSON.stringify(events.map(([, payload]) => payload)).length;
    if (!job.begun) throw new Refusal("invalid_state");
    if (events.length > window.events || (events.length > 1 && bytes > window.bytes + events.length + 1)) throw new Refusal("bad_request");
    if (from > job.accepted + 1) throw new Refusal("sequence_gap");
    job.log.push(...events.slice(job.accepted + 1 - from));
    job.accepted = Math.max(job.accepted, from + events.length - 1);
    return { ok: true };
  }

  renew({ leases }) {
    const lost = [];
    for (const [id, lease] of leases) {
      try {
        this.#held(id, lease);
      } catch ({ answer }) {
        lost.push({ job: id, ...answer });
      }
    }
    return { lost };
  }

  finish({ job: id, lease, error, retryable }) {
    const job = this.jobs.get(id);
    if (job.ended && job.lastLease === lease && job.state !== "cancelled") return { ok: true, state: job.state };
    this.#held(id, lease);
    if (!job.begun) throw new Refusal("invalid_state");
    job.lastLease = lease;
    if (error && retryable) job.giveBack();
    else job.state = error ? "failed" : "completed";
    if (!job.ended) this.#hint();
    return { ok: true, state: job.state };
  }

  release({ job: id, lease }) {
    const job = this.jobs.get(id);
    if (job.lastRelease !== lease) this.#held(id, lease).giveBack();
    job.lastRelease = lease;
    this.#hint();
    return { ok: true, state: job.state };
  }

  #held(id, lease) {
    const job = this.jobs.get(id);
    if (job.ended) throw new Refusal("job_ended");
    if (!job.holder || lease !== `${id}/${job.epoch}`) throw new Refusal("fenced");
    job.leaseUntil = this.clock.now() + this.welcome.leaseMs;
    return job;
  }

  #hand(job, holder) {
    job.epoch += 1;
    Object.assign(job, { holder, begun: false, state: "running", leaseUntil: this.clock.now() + this.welcome.leaseMs });
    const { job: id, type, input, epoch, checkpoint, standing, attempt } = job;
    const before = standing.filter(({ at }) => checkpoint && at < checkpoint.at).length;
    return {
      ...{ job: id, lease: `${id}/${epoch}`, epoch, type, user: "ada", input, attempt: attempt + 1, resumed: false },
      ...{ hasBegun: attempt > 0, chunkCount: standing.length, checkpointChunkCount: before, checkpointEvery: 3 },
      ...(checkpoint && { checkpoint: checkpoint.payload }),
    };
  }

  /** How many entries of the log stand. */
  #keepThrough(job, from) {
    if (from === "last_event") return job.log.length;
    return from === "checkpoint" && job.checkpoint ? job.checkpoint.at + 1 : 0;
  }

  #hint() {
    for (const connection of this.connections) if (this.random() < 0.8) connection.send("work");
  }

  #sweep() {
    for (const job of this.jobs.values()) {
      if (job.state !== "running" || this.clock.now() <= job.leaseUntil || !this.up) continue;
      job.giveBack();
      this.#hint();
    }
    this.clock.setTimeout(() => this.#sweep(), 250);
  }
}
