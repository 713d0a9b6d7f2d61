// What was asked of the store, what it acknowledged and announced, against its logs.
import { chunkOf } from "./logs.mjs";

export function checkCommands(facts, { jobs }, report) {
  const asked = new Map();
  const leases = new Leases(report);
  const made = new Map();
  const keys = new Map();
  for (const fact of facts) {
    if (fact.e === "cmd") asked.set(fact.n, fact);
    if (fact.e === "crash") leases.clear();
    if (fact.e === "made") fact.events.forEach((event) => checkAnnounced(event, made, jobs, report));
    if (fact.e !== "ack") continue;
    const command = asked.get(fact.n) ?? fact;
    leases.on(command, fact);
    if (fact.ok) checkAcknowledged(command, fact, jobs, keys, report);
  }
}

/** A run that writes nothing for so long may be taken for hung, whatever its lease is; in microseconds. */
const kIdleTimeout = 5_000_000;

function termOf({ lease }) {
  return lease > 0 ? Math.min(lease * 1000, kIdleTimeout) : kIdleTimeout;
}

/** Who may write: the holder of the newest claim, until that is over. */
class Leases {
  #highest = new Map();
  #held = new Map();
  #report;
  constructor(report) {
    this.#report = report;
  }
  /** Whether it was given back with the last of its commands nobody knows. */
  clear() {
    this.#held.clear();
  }
  on({ c, j, epoch }, ack) {
    if (!ack.ok) return;
    if (c === "claim") return this.#claim(ack);
    const writes = ["begin", "append", "finish", "release"].includes(c);
    if ((c === "renew" || (writes && !ack.dup)) && epoch < (this.#highest.get(j) ?? 0))
      this.#report("fencing", `${c} of ${j} with epoch ${epoch} is accepted`);
    const held = this.#held.get(j);
    if (writes && !ack.dup && held?.epoch === epoch) held.since = ack.t;
    if (["finish", "release", "cancel"].includes(c)) this.#held.delete(j);
  }
  #claim({ j, epoch, lease, t }) {
    if (epoch <= (this.#highest.get(j) ?? 0)) this.#report("fencing", `${j} is claimed with the epoch ${epoch} again`);
    const held = this.#held.get(j);
    if (held && t - held.since < termOf(held)) this.#report("fencing", `${j} is claimed while epoch ${held.epoch} holds it`);
    this.#highest.set(j, epoch);
    this.#held.set(j, { epoch, lease, since: t });
  }
}

function checkAnnounced([job, sequence, position, kind, tag], made, jobs, report) {
  const name = `${job} ${sequence}`;
  const text = JSON.stringify([position, kind, tag]);
  if (made.has(name) && made.get(name) !== text) report("sequence", `${name} is given to ${kind} again`);
  else if (made.has(name)) report("duplicate", `${name} is announced twice`);
  made.set(name, text);
  const event = jobs.get(job)?.events[sequence - 1];
  if (!event || JSON.stringify([event.position, event.kind, event.tag]) !== text)
    report("lost", `${name} was announced as ${kind} at ${position}, and is ${event?.kind} at ${event?.position}`);
}

function checkAcknowledged(command, ack, jobs, keys, report) {
  const log = jobs.get(ack.j);
  if (!ack.j) return;
  if (!log || log.code) return report("lost", `${ack.j} was acknowledged (${command.c}) and is not there`);
  const kinds = log.events.map(({ kind }) => kind);
  if (ack.last > log.events.length) report("lost", `${ack.j} was acknowledged up to ${ack.last} and has ${log.events.length}`);
  if (command.c === "append") {
    const there = new Set(log.events.map(({ tag }) => tag));
    for (const tag of command.tags) {
      if (!there.has(tag)) report("lost", `${ack.j}: ${tag} was acknowledged`);
      if (chunkOf(tag).epoch > 0 && chunkOf(tag).epoch !== command.epoch) report("complete", `${tag} is not of its epoch`);
    }
  }
  // A failure that may be tried again leaves no event.
  const retried = command.retry && !["completed", "failed", "cancelled"].includes(ack.state);
  if (command.c === "finish" && !retried && !kinds.includes(command.kind)) report("lost", `${ack.j}: ${command.kind} was acknowledged`);
  if (command.c === "cancel") {
    if (log.owner !== command.owner) report("foreign", `${ack.j} was cancelled by ${command.owner}`);
    if (ack.state === "cancelled" && !kinds.includes("job:cancelled")) report("lost", `${ack.j}: its cancel was acknowledged`);
  }
  if (command.c === "resume" && log.owner !== command.owner) report("foreign", `${ack.j} was resumed by ${command.owner}`);
  if (command.c === "start" && command.key) {
    const key = `${command.owner} ${command.key}`;
    if ((keys.get(key) ?? ack.j) !== ack.j) report("idempotency", `the key ${key} has begun ${keys.get(key)} and ${ack.j}`);
    keys.set(key, ack.j);
    if (log.key !== command.key || log.owner !== command.owner) report("idempotency", `${ack.j} is not that of the key ${key}`);
  }
}
