import assert from "node:assert/strict";
import { test } from "node:test";
import { runRecoveryCuts } from "./support/recovery_cuts.mjs";

const cuts = Number(process.env.HAWSER_TEST_CUTS ?? 60);
const kills = Math.ceil(cuts / 30);

test(`${cuts} random cuts and ${kills} kill -9 under 50 jobs and 40 clients lose and double nothing`, async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const result = await runRecoveryCuts({ cuts, kills, seed, jobs: 50, chunks: 30 });
  const { events, jobs, resets, returns, recovered, silentReturns, ...faults } = result;
  t.diagnostic(`${events} events of ${jobs} jobs, ${resets} connections cut, ${silentReturns} returns without a word`);
  assert.deepEqual(faults, { lost: 0, duplicated: 0, disordered: 0, altered: 0, complaints: [] });
  assert.equal(recovered, returns, "every return was recovered");
  assert.ok(resets >= cuts);
  assert.ok(silentReturns > 0);
});
