/** Time and chance, so that tests have their own. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  setTimeout(action: () => void, millis: number): unknown;
  clearTimeout(timer: unknown): void;
  /** 0 up to 1. */
  random(): number;
}

export const realClock: Clock = {
  now: () => performance.now(),
  setTimeout: (action, millis) => setTimeout(action, millis),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: Math.random,
};

export function sleep(clock: Clock, millis: number): Promise<void> {
  return new Promise((resolve) => clock.setTimeout(resolve, millis));
}

/** Doubles from `first` up to `max`, give or take a half, so that a crowd does not return in step. */
export function backoff(clock: Clock, failures: number, first: number, max: number): number {
  return Math.min(max, first * 2 ** Math.min(failures, 16)) * (0.5 + clock.random());
}
