// Builds each defect of list.mjs in a copy of the tree and simulates until the checker notices it. Prints a table; fails
// when one goes unnoticed.
//   node test/sim/mutants/run.mjs [--seeds 1000] [--only WORDS]
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { mutants } from "./list.mjs";

const kTree = resolve("build/mutants/tree");
const kBuild = resolve("build/mutants/build");
const kSources = ["CMakeLists.txt", "CMakePresets.json", "src", "test", "bench"];
const kBlock = 100;

function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  return { ok: status === 0, output: stdout + stderr };
}

/** A copy of what the simulator is built of, set up like a release. */
function prepare() {
  rmSync(kTree, { recursive: true, force: true });
  mkdirSync(kTree, { recursive: true });
  for (const path of kSources) cpSync(path, `${kTree}/${path}`, { recursive: true });
  const { ok, output } = run("cmake", ["--preset", "release", "-S", kTree, "-B", kBuild]);
  if (!ok) throw new Error(output);
  build();
}

function build() {
  const { ok, output } = run("cmake", ["--build", kBuild, "--target", "hawser_sim"]);
  if (!ok) throw new Error(output.slice(-4000));
}

/** The first seed of a block that the checker refuses, and why. */
function violation(from, to) {
  return new Promise((done) => {
    const simulator = spawn(`${kBuild}/test/sim/hawser_sim`, [from, to], { stdio: ["ignore", "pipe", "ignore"] });
    const checker = spawn(process.execPath, ["test/sim/check_history.mjs"], { stdio: ["pipe", "pipe", "ignore"] });
    simulator.stdout.pipe(checker.stdin);
    checker.stdin.on("error", () => {});
    let ended = 0;
    let output = "";
    const limit = setTimeout(() => simulator.kill(), 300_000);
    checker.stdout.on("data", (text) => (output += text));
    simulator.on("exit", (code) => (ended = code ?? 1));
    checker.on("close", () => {
      clearTimeout(limit);
      const [, seed, why] = /^seed (\d+): (.*)$/m.exec(output) ?? [];
      done(seed ? { seed, why } : ended !== 0 ? { seed: `${from}…`, why: "the simulation does not end well" } : undefined);
    });
  });
}

/** The first seed that is refused, if there is one. */
async function play(seeds) {
  for (let seed = 1; seed <= seeds; seed += kBlock) {
    const found = await violation(seed, seed + kBlock - 1);
    if (found) return found;
  }
}

async function judge({ file, from, to }, seeds) {
  const path = `${kTree}/${file}`;
  const sound = readFileSync(path, "utf8");
  if (sound.split(from).length !== 2) return { why: "the place to change does not stand exactly once" };
  writeFileSync(path, sound.replace(from, () => to));
  try {
    build();
    return (await play(seeds)) ?? { why: `unnoticed in ${seeds} seeds` };
  } catch (error) {
    return { why: `does not build: ${error.message.match(/error:.*/)?.[0]}` };
  } finally {
    writeFileSync(path, sound);
  }
}

const seeds = Number(option("--seeds", 1000));
const only = option("--only", "");
prepare();
// Nothing can be learned from defects while the sound tree is refused.
const own = await play(seeds);
if (own) throw new Error(`the tree itself: seed ${own.seed}: ${own.why}`);
let missed = 0;
const chosen = mutants.filter(({ name }) => name.includes(only));
for (const mutant of chosen) {
  const { seed, why } = await judge(mutant, seeds);
  if (!seed) ++missed;
  console.log(`${seed ? "caught" : "MISSED"} | ${mutant.name} | ${mutant.breaks} | ${seed ? `seed ${seed}: ` : ""}${why}`);
}
console.log(`${chosen.length - missed} of ${chosen.length} mutants caught`);
process.exitCode = missed === 0 && chosen.length > 0 ? 0 : 1;
