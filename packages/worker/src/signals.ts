import type { Log } from "./log.js";

const kSignals = ["SIGTERM", "SIGINT"];

/** While `running` is not settled: the first signal calls `stop`, a second one ends the process at once. */
export async function withSignals(running: Promise<void>, stop: () => Promise<void>, log: Log): Promise<void> {
  let stopping = false;
  const onSignal = (signal: string, number: number) => {
    if (stopping) process.exit(128 + number);
    stopping = true;
    log({ level: "info", message: `${signal}: draining; once more exits at once` });
    void stop();
  };
  for (const signal of kSignals) process.on(signal, onSignal);
  try {
    await running;
  } finally {
    for (const signal of kSignals) process.off(signal, onSignal);
  }
}
