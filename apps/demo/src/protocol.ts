// What this page reads from the wire. Everything that arrives is checked here, once.

export interface JobEvent {
  jobId: string;
  payload: Record<string, unknown>;
  sequence: number;
  timestamp: number;
}

export interface Failure {
  error: string;
  code: string;
}

/** One chunk of a `search` job. Odd entries of `snippet` are matches. */
export interface Hit {
  rank: number;
  file: string;
  line: number;
  snippet: string[];
}

export interface Progress {
  current: number;
  total: number;
  message: string;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isJobEvent(value: unknown): value is JobEvent {
  return (
    isRecord(value) &&
    typeof value["jobId"] === "string" &&
    Number.isSafeInteger(value["sequence"]) &&
    isRecord(value["payload"])
  );
}

export function isFailure(value: unknown): value is Failure {
  return isRecord(value) && typeof value["error"] === "string";
}

export function startedJob(answer: unknown): string | null {
  return isRecord(answer) && typeof answer["jobId"] === "string" ? answer["jobId"] : null;
}

export function readHit(payload: Record<string, unknown>): Hit | null {
  const chunk = payload["chunk"];
  if (!isRecord(chunk)) return null;
  const { rank, file, line, snippet } = chunk;
  if (typeof rank !== "number" || typeof file !== "string" || typeof line !== "number") return null;
  if (!Array.isArray(snippet)) return null;
  return { rank, file, line, snippet: snippet.map(String) };
}

export function readProgress(payload: Record<string, unknown>): Progress | null {
  const progress = payload["progress"];
  if (!isRecord(progress)) return null;
  const { current, total, message } = progress;
  if (typeof current !== "number" || typeof total !== "number") return null;
  return { current, total, message: typeof message === "string" ? message : "" };
}

export function readHitCount(payload: Record<string, unknown>): number | null {
  const result = payload["result"];
  return isRecord(result) && typeof result["hits"] === "number" ? result["hits"] : null;
}

export function readKeepThrough(payload: Record<string, unknown>): number | null {
  const keep = payload["keepThrough"];
  return typeof keep === "number" ? keep : null;
}
