/** Lets everything happen that needs no time. */
export async function settle() {
  for (let i = 0; i < 4; i += 1) await new Promise(setImmediate);
}

/** Time that passes only when a test says so. */
export class VirtualClock {
  #now = 0;
  #number = 0;
  #timers = new Map();

  constructor(random = () => 0.5) {
    this.random = random;
  }

  now() {
    return this.#now;
  }

  setTimeout(action, millis) {
    this.#number += 1;
    this.#timers.set(this.#number, { number: this.#number, at: this.#now + millis, action });
    return this.#number;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  get timers() {
    return this.#timers.size;
  }

  /** The earliest, and of those the oldest. */
  #next() {
    let next;
    for (const timer of this.#timers.values()) if (!next || timer.at < next.at) next = timer;
    return next;
  }

  async advance(millis) {
    const end = this.#now + millis;
    for (;;) {
      await settle();
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#timers.delete(next.number);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = end;
  }

  /** Advances until `probe` is true, at most by `millis`. */
  async until(probe, millis = 60_000) {
    const end = this.#now + millis;
    await settle();
    while (!probe()) {
      if (this.#now >= end) throw new Error(`not so within ${millis} ms: ${probe}`);
      await this.advance(1);
    }
  }
}
