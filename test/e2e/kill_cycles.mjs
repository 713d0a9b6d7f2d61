// Kills the server with -9 again and again under load from 50 clients, and checks that nothing is lost.
//   node test/e2e/kill_cycles.mjs [--cycles 50] [--clients 50]
import { parseArgs } from "node:util";
import { runKillCycles } from "./support/kill_cycles.mjs";

const { values } = parseArgs({
  options: { cycles: { type: "string", default: "50" }, clients: { type: "string", default: "50" } },
});
const cycles = Number(values.cycles);
const report = (line) => process.stderr.write(`${line}\n`);
const result = await runKillCycles({ cycles, clients: Number(values.clients), report });
const { acknowledged, jobs, lost, duplicated, gaps, stuck } = result;
console.log(`cycles ${cycles}: acknowledged events lost ${lost}, duplicated ${duplicated}, gaps ${gaps}, stuck ${stuck}`);
console.log(`(${acknowledged} events of ${jobs} jobs)`);
process.exit(lost + duplicated + gaps + stuck === 0 ? 0 : 1);
