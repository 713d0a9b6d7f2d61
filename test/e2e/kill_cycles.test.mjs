import assert from "node:assert/strict";
import { test } from "node:test";
import { runKillCycles } from "./support/kill_cycles.mjs";

const cycles = Number(process.env.HAWSER_TEST_KILL_CYCLES ?? 10);

test(`${cycles} kill -9 under load from 50 clients lose, double and leave nothing behind`, async (t) => {
  const { acknowledged, jobs, ...faults } = await runKillCycles({ cycles });
  t.diagnostic(`${acknowledged} events of ${jobs} jobs`);
  assert.deepEqual(faults, { lost: 0, duplicated: 0, gaps: 0, stuck: 0 });
  assert.ok(jobs >= 50);
});
