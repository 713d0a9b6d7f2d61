import type { EventKind, Welcome } from "./protocol.js";

type WireEvent = [EventKind, unknown];

interface Entry {
  event: WireEvent;
  bytes: number;
}

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * The way of one run's events to the server: one append is in flight, the next gathers meanwhile, so appends grow by
 * themselves when answers are slow. What is not acknowledged is bounded by the server's window; beyond it `push` waits.
 */
export class Outbox {
  readonly #window: () => Welcome["window"];
  readonly #append: (from: number, events: WireEvent[]) => Promise<unknown>;
  #gathered: Entry[] = [];
  #unackedEvents = 0;
  #unackedBytes = 0;
  #pushed = 0;
  #acked = 0;
  #sending = false;
  #closed: Error | undefined;
  #waiting: (Waiter & { entry: Entry })[] = [];
  #flushes: (Waiter & { upTo: number })[] = [];

  /** `append` resolves when the events are on disk; what it rejects with closes the outbox. */
  constructor(window: () => Welcome["window"], append: (from: number, events: WireEvent[]) => Promise<unknown>) {
    this.#window = window;
    this.#append = append;
  }

  /** Events that have not found room yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the event has found room. Events keep the order of the calls. */
  push(kind: EventKind, payload: unknown, bytes: number): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    const entry: Entry = { event: [kind, payload], bytes };
    this.#pushed += 1;
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) {
      this.#take(entry);
      this.#send();
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ entry, resolve, reject }));
  }

  /** Takes the event if there is room now. */
  tryPush(kind: EventKind, payload: unknown, bytes: number): boolean {
    if (this.#closed || this.#waiting.length > 0 || !this.#hasRoom(bytes)) return false;
    this.#pushed += 1;
    this.#take({ event: [kind, payload], bytes });
    this.#send();
    return true;
  }

  /** Resolves when everything pushed so far is on disk. */
  flushed(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#acked === this.#pushed) return Promise.resolve();
    return new Promise((resolve, reject) => this.#flushes.push({ upTo: this.#pushed, resolve, reject }));
  }

  /** Drops everything, so that nothing later is written without what was before. The first error stands. */
  close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#gathered = [];
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const { reject } of this.#flushes.splice(0)) reject(error);
  }

  #hasRoom(bytes: number): boolean {
    const window = this.#window();
    if (this.#unackedEvents === 0) return true;
    return this.#unackedEvents < window.events && this.#unackedBytes + bytes <= window.bytes;
  }

  #take(entry: Entry): void {
    this.#gathered.push(entry);
    this.#unackedEvents += 1;
    this.#unackedBytes += entry.bytes;
  }

  #send(): void {
    if (this.#sending || this.#gathered.length === 0) return;
    this.#sending = true;
    const batch = this.#gathered;
    this.#gathered = [];
    const from = this.#acked + 1;
    const sent = this.#append(from, batch.map(({ event }) => event));
    sent.then(
      () => this.#onAck(batch),
      (error: Error) => this.close(error),
    );
  }

  #onAck(batch: Entry[]): void {
    this.#sending = false;
    this.#acked += batch.length;
    this.#unackedEvents -= batch.length;
    for (const { bytes } of batch) this.#unackedBytes -= bytes;
    if (this.#closed) return;
    this.#admit();
    this.#send();
    while (this.#flushes.length > 0 && this.#flushes[0]!.upTo <= this.#acked) this.#flushes.shift()!.resolve();
  }

  #admit(): void {
    let admitted = 0;
    for (; admitted < this.#waiting.length; admitted += 1) {
      const { entry, resolve } = this.#waiting[admitted]!;
      if (!this.#hasRoom(entry.bytes)) break;
      this.#take(entry);
      resolve();
    }
    this.#waiting.splice(0, admitted);
  }
}
