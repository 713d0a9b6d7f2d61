import { PermanentError } from "./errors.js";

/** A JSON value as it was at that moment, and its bytes on the wire. */
export interface Payload {
  value: unknown;
  bytes: number;
}

function stringify(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new PermanentError(`The job's ${what} cannot be written as JSON: ${(error as Error).message}`, { cause: error });
  }
  if (text === undefined) throw new PermanentError(`The job's ${what} is ${typeof value}, which JSON does not have.`);
  return text;
}

/** A copy: what the caller changes later is not sent. Throws PermanentError for what cannot be sent. */
export function payloadOf(value: unknown, what: string, maxBytes: number): Payload {
  const text = stringify(value, what);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw new PermanentError(`The job's ${what} has ${bytes} bytes; at most ${maxBytes} are allowed. Emit it in parts.`);
  }
  return { value: typeof value === "string" ? value : JSON.parse(text), bytes };
}
