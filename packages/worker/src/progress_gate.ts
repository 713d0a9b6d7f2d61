import type { Clock } from "./clock.js";

/** At most ten a second. */
const kIntervalMillis = 100;

/** Lets the newest progress through now and then, and the last one in any case. */
export class ProgressGate<P> {
  readonly #clock: Clock;
  readonly #send: (progress: P) => boolean;
  #waiting: { progress: P } | undefined;
  #timer: unknown;

  /** `send` says whether there was room. */
  constructor(clock: Clock, send: (progress: P) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Replaces what waits. */
  offer(progress: P): void {
    this.#waiting = { progress };
    if (this.#timer === undefined) this.#try();
  }

  /** What still waits; nothing goes out by itself afterwards. */
  takeLast(): { progress: P } | undefined {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const last = this.#waiting;
    this.#waiting = undefined;
    return last;
  }

  #try(): void {
    this.#timer = undefined;
    if (!this.#waiting) return;
    if (this.#send(this.#waiting.progress)) this.#waiting = undefined;
    this.#timer = this.#clock.setTimeout(() => this.#try(), kIntervalMillis);
  }
}
