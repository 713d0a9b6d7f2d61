#!/usr/bin/env node
// Judges histories of the simulator (test/sim/trace.h) from nothing but what they tell. Reads them from its input, one
// line of JSON a fact, one seed after another, and prints what no history of a sound server can contain.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { checkCommands } from "./history/commands.mjs";
import { checkConnections } from "./history/connections.mjs";
import { checkDeletions } from "./history/deletions.mjs";
import { checkLogs, readLogs } from "./history/logs.mjs";

/** The violations in the history of one seed: `{invariant, text}`. */
export function check(facts) {
  const violations = [];
  const report = (invariant, text) => violations.push({ invariant, text });
  const logs = readLogs(facts, report);
  checkLogs(logs, report);
  checkCommands(facts, logs, report);
  checkConnections(facts, logs, report);
  checkDeletions(facts, report);
  checkBounds(facts, report);
  return violations;
}

/** Memory is bounded, nothing is left over, and the server comes up again. */
function checkBounds(facts, report) {
  const limits = facts.find(({ e }) => e === "seed");
  const peaks = facts.find(({ e }) => e === "peaks");
  const rest = facts.find(({ e }) => e === "rest");
  for (const { error } of facts.filter(({ e }) => e === "refused")) report("restart", `the store does not open: ${error}`);
  for (const { text } of facts.filter(({ e }) => e === "bad")) report("protocol", `a client is sent ${text}`);
  if (!peaks || !rest || facts.at(-1).e !== "end") return report("complete", "the history has no end");
  // One message may be begun below the mark, and answers may go past it.
  if (peaks.buffered > limits.highWater + 2 * peaks.largest + 16_384)
    report("bounded", `${peaks.buffered} bytes wait for one reader`);
  // New work may take the whole queue, what ends or steers jobs as much again.
  if (peaks.queued > 2 * limits.queue) report("bounded", `${peaks.queued} commands wait`);
  for (const what of ["sessions", "followed", "timers", "gauges", "connections", "reads", "queued"]) {
    if (rest[what] !== 0) report("bounded", `${rest[what]} ${what} are left when everybody has gone`);
  }
}

async function main() {
  let facts = [];
  let seeds = 0;
  let bad = 0;
  const judge = () => {
    if (facts.length === 0) return;
    ++seeds;
    const violations = check(facts);
    if (violations.length > 0) ++bad;
    for (const { invariant, text } of violations.slice(0, 10)) console.log(`seed ${facts[0].seed}: ${invariant}: ${text}`);
    facts = [];
  };
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const fact = JSON.parse(line);
    if (fact.e === "seed") judge();
    facts.push(fact);
  }
  judge();
  console.log(`${seeds} seeds, ${bad} with violations`);
  if (bad > 0 || seeds === 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
