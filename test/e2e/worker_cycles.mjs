// Strikes at workers in C++ and in TypeScript, their lines and the server under load, and checks that every job stands whole.
//   node test/e2e/worker_cycles.mjs [--cycles 300] [--workers 4] [--users 8]
import { parseArgs } from "node:util";
import { runWorkerCycles } from "./support/worker_cycles.mjs";

const text = (value) => ({ type: "string", default: value });
const { values } = parseArgs({ options: { cycles: text("300"), workers: text("4"), users: text("8") } });
const report = (line) => process.stderr.write(`${line}\n`);
const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const { jobs, chunks, takeovers, zombies, complaints, ...faults } = await runWorkerCycles({ ...numbers, report });
console.log(`cycles ${values.cycles}: ${Object.entries(faults).map(([name, count]) => `${name} ${count}`).join(", ")}`);
console.log(`(${chunks} chunks of ${jobs} jobs, ${takeovers} takeovers, ${zombies} zombies)`);
for (const complaint of new Set(complaints)) console.log(complaint);
process.exit(Object.values(faults).every((count) => count === 0) && complaints.length === 0 ? 0 : 1);
