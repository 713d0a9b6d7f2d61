// Judges, event by event, what one socket receives of each job: the server may repeat nothing that was not asked for.

import { createHash } from "node:crypto";
import { endings } from "./client.mjs";

/** Short, because there are many; long enough that two events of a job do not meet. */
export function fingerprint(name, body) {
  return createHash("md5").update(JSON.stringify([name, body])).digest("base64").slice(0, 10);
}

/** What has come of one job. */
class Account {
  /** By sequence; a hole is an event that has not come. */
  prints = [];
  /** The sequence that must come next. */
  next = 1;
  /** Arguments of rewinds that were asked for and may yet begin. */
  rewinds = [];
  /** The argument of the last one that has begun. */
  running = null;
  /** Begins somewhere else, and takes nothing until the rewind it has asked for gets to `next`. */
  detached = false;
  ended = false;
}

export class Ledger {
  constructor() {
    this.accounts = new Map();
    this.events = 0;
    this.duplicated = 0;
    this.disordered = 0;
    this.altered = 0;
  }

  of(jobId) {
    if (!this.accounts.has(jobId)) this.accounts.set(jobId, new Account());
    return this.accounts.get(jobId);
  }

  /** The client has asked for a rewind, which begins later, or never if the line is cut before. */
  rewind(jobId, lastSequence) {
    this.of(jobId).rewinds.push(lastSequence);
  }

  /** The rewind is through. */
  rewound(jobId, lastSequence) {
    const account = this.of(jobId);
    // One that begins at `next` could not be told from what comes anyway, and still waits.
    if (account.running !== lastSequence) this.#begin(account, lastSequence);
    account.running = null;
  }

  /** The client keeps the README's rule on a connection that begins at the head: it asks for what is after the last. */
  detach(jobId) {
    this.of(jobId).detached = true;
  }

  take(name, body) {
    const account = this.of(body.jobId);
    const { sequence } = body;
    if (account.detached && sequence !== account.next) return;
    account.detached = false;
    this.events += 1;
    if (sequence > account.next) {
      this.disordered += 1;
    } else if (sequence < account.next && !this.#begin(account, sequence - 1)) {
      if (account.prints[sequence]) this.duplicated += 1;
      else this.disordered += 1;
    }
    const print = fingerprint(name, body);
    if (account.prints[sequence] && account.prints[sequence] !== print) this.altered += 1;
    account.prints[sequence] ??= print;
    account.next = sequence + 1;
    account.ended ||= endings.has(name);
  }

  /** Begins the rewind, if it was asked for. */
  #begin(account, lastSequence) {
    const index = account.rewinds.indexOf(lastSequence);
    if (index < 0) return false;
    account.rewinds.splice(index, 1);
    account.running = lastSequence;
    return true;
  }

  /** Events of the log that have not come, or came with other bytes. */
  missing(jobId, log) {
    const { prints } = this.of(jobId);
    return log.filter(({ name, body }) => prints[body.sequence] !== fingerprint(name, body)).length;
  }
}
