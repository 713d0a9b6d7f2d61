export interface LogEntry {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  /** The job it is about. */
  job?: string;
  type?: string;
  error?: unknown;
}

export type Log = (entry: LogEntry) => void;

/** Without a `log` option: what somebody should look at, on stderr. */
export function defaultLog({ level, message, job, error }: LogEntry): void {
  if (level !== "warn" && level !== "error") return;
  const words = [`hawser worker: ${job ? `job ${job}: ` : ""}${message}`];
  console.error(...(error === undefined ? words : [...words, error]));
}

/** A log that throws must not take jobs down. */
export function guarded(log: Log): Log {
  return (entry) => {
    try {
      log(entry);
    } catch {
      // There is nowhere left to say it.
    }
  };
}
