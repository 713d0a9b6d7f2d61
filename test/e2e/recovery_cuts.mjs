// Cuts the lines of forty clients at random while jobs stream to them and the server is killed with -9, and checks that
// each client has each event once and in order.
//   node test/e2e/recovery_cuts.mjs [--cuts 500] [--jobs 50] [--kills 20] [--seed N]
import { parseArgs } from "node:util";
import { runRecoveryCuts } from "./support/recovery_cuts.mjs";

const text = (value) => ({ type: "string", default: String(value) });
const { values } = parseArgs({
  options: { cuts: text(500), jobs: text(50), kills: text(20), seed: text(Date.now() % 1_000_000) },
});
const options = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
console.log(`seed ${options.seed}`);
const report = (line) => process.stderr.write(`${line}\n`);
const result = await runRecoveryCuts({ ...options, report });
const { lost, duplicated, disordered, altered, complaints, resets, events, jobs, returns, recovered, silentReturns } = result;
for (const complaint of complaints.slice(0, 20)) console.log(complaint);
console.log(`${events} events of ${jobs} jobs, ${altered} of them altered`);
console.log(`${resets} connections cut, ${silentReturns} returns of clients that say nothing`);
console.log(
  `lost ${lost}, duplicated ${duplicated}, out of order ${disordered}, recovered ${recovered} of ${returns} reconnects`,
);
const clean = lost + duplicated + disordered + altered + complaints.length === 0;
process.exit(clean && recovered === returns ? 0 : 1);
