// Stock socket.io-client, and ways to wait for what it receives.

import { io } from "socket.io-client";

export const transports = ["websocket", "polling"];
/** The three ways a client keeps its line: option `transports` of the library. */
export const lines = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] };
export const endings = new Set(["job:completed", "job:failed", "job:cancelled"]);
const patienceMillis = Number(process.env.HAWSER_TEST_PATIENCE ?? 30_000);

/** Rejects with a sentence when `promise` takes too long: a test that hangs says where. */
export function within(promise, what, millis = patienceMillis) {
  let timer;
  const late = new Promise((_, reject) => {
    const sentence = () => `no ${typeof what === "function" ? what() : what} within ${millis} ms`;
    timer = setTimeout(() => reject(new Error(sentence())), millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Opens sockets for one test and closes them with it; `connect` is the `io` of another version of the library. */
export function sockets(t, connect = io) {
  const open = [];
  t.after(() => open.forEach((socket) => socket.close()));
  return (url, token, options = {}) => {
    const socket = connect(url, {
      auth: { token },
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...options,
    });
    open.push(socket);
    return new Client(socket);
  };
}

/** A socket and everything it has received, in order. */
export class Client {
  constructor(socket) {
    this.socket = socket;
    this.received = [];
    this.refusals = [];
    this.watchers = new Set();
    socket.onAny((name, body) => this.#note(this.received, { name, body }));
    socket.on("connect_error", (error) => this.#note(this.refusals, error.message));
  }

  #note(list, entry) {
    list.push(entry);
    this.look();
  }

  /** Asks all who wait whether what they wait for has come. */
  look() {
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Resolves with the first truthy value of `probe`, which is asked after everything that arrives. */
  until(probe, what, millis) {
    let watcher;
    const found = new Promise((resolve, reject) => {
      watcher = () => {
        try {
          const value = probe(this);
          if (value) resolve(value);
        } catch (error) {
          reject(error);
        }
      };
      this.watchers.add(watcher);
      watcher();
    });
    return within(found, what, millis).finally(() => this.watchers.delete(watcher));
  }

  /** The body of the first event of that name that `match` accepts, from the past or the future. */
  event(name, match = () => true) {
    const find = () => this.received.find((entry) => entry.name === name && match(entry.body));
    return this.until(find, name).then((entry) => entry.body);
  }

  connected() {
    return this.event("connected");
  }

  refusal() {
    return this.until(() => this.refusals[0], "connect_error");
  }

  /** Emits and resolves with the ack. */
  call(name, ...args) {
    const answer = new Promise((resolve) => this.socket.emit(name, ...args, resolve));
    return within(answer, `ack of ${name}`);
  }

  /** Starts a job; the test fails when the server refuses. */
  async start(type, input, more = {}) {
    const answer = await this.call("start:job", { type, input, ...more });
    if (!answer.jobId) throw new Error(`start:job was refused: ${JSON.stringify(answer)}`);
    return answer.jobId;
  }

  /** Events of one job, as they arrived, repeats included. */
  of(jobId) {
    return this.received.filter(({ body }) => body?.jobId === jobId && Number.isInteger(body?.sequence));
  }

  /** Resolves with the ending event of the job. */
  ending(jobId, millis) {
    const find = () => this.received.find(({ name, body }) => endings.has(name) && body?.jobId === jobId);
    return this.until(find, `end of ${jobId}`, millis);
  }

  /** Resolves once that many chunks of the job have arrived. */
  chunks(jobId, count) {
    const enough = () => this.of(jobId).filter(({ name }) => name === "job:chunk").length >= count;
    return this.until(enough, `${count} chunks of ${jobId}`);
  }

  /** Resolves when the socket is connected again after a cut. */
  async reconnected() {
    if (this.socket.connected) await within(new Promise((done) => this.socket.once("disconnect", done)), "disconnect");
    await within(new Promise((done) => this.socket.once("connect", done)), "reconnect");
  }
}

/** The recovery rule of the README on an open client: each event once, in order. */
export class Reader {
  constructor(client, jobId) {
    this.client = client;
    this.jobId = jobId;
    this.events = [];
    /** Events that came although an earlier one was missing and no catch-up was under way. */
    this.gaps = 0;
    /** Events that came too early since the last one that was taken. */
    this.ahead = 0;
    this.settled = false;
    client.socket.on("connect", () => this.sync());
    client.socket.on("disconnect", () => (this.settled = false));
    client.socket.on("sync:complete", (body) => (this.settled ||= body.jobId === jobId));
    client.socket.onAny((name, body) => this.#take(name, body));
    if (client.socket.connected) this.sync();
  }

  get last() {
    return this.events.length;
  }

  get chunks() {
    return this.events.filter(({ name }) => name === "job:chunk").map(({ body }) => body.payload.chunk);
  }

  get outcome() {
    return this.events.find(({ name }) => endings.has(name));
  }

  sync() {
    this.client.socket.emit("reconnect:sync", { jobId: this.jobId, lastSequence: this.last });
  }

  #take(name, body) {
    if (body?.jobId !== this.jobId || !Number.isInteger(body.sequence)) return;
    if (body.sequence > this.last + 1) this.ahead += 1;
    if (body.sequence === this.last + 1) {
      this.events.push({ name, body });
      this.ahead = 0;
    } else if (this.settled && body.sequence > this.last) this.gaps += 1;
    this.client.look();
  }

  /** Resolves with the ending event. */
  finished(millis) {
    const where = () =>
      `end of ${this.jobId} at sequence ${this.last} (${this.settled ? "" : "not "}caught up, ` +
      `${this.client.socket.connected ? "" : "not "}connected, ${this.ahead} events ahead)`;
    return this.client.until(() => this.outcome, where, millis);
  }

  reached(count) {
    return this.client.until(() => this.last >= count, `sequence ${count} of ${this.jobId}`);
  }
}
