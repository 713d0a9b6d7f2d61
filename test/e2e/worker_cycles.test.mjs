import assert from "node:assert/strict";
import { test } from "node:test";
import { runWorkerCycles } from "./support/worker_cycles.mjs";

const cycles = Number(process.env.HAWSER_TEST_WORKER_CYCLES ?? 24);

test(`${cycles} strikes at workers, their lines and the server lose, double and leave nothing behind`, async (t) => {
  const { jobs, chunks, takeovers, zombies, ...faults } = await runWorkerCycles({ cycles });
  t.diagnostic(`${chunks} chunks of ${jobs} jobs, ${takeovers} takeovers, ${zombies} zombies`);
  assert.deepEqual(faults, { lost: 0, doubled: 0, disordered: 0, failed: 0, stuck: 0, complaints: [] });
  assert.ok(takeovers > 0);
});
