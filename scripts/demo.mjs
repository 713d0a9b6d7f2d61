// Streams a real search over a line that is cut and from a server that is killed, and counts what arrives.
//   node scripts/demo.mjs [--once] [--folder DIR] [--query WORDS] [--hits N] [--cuts N] [--kills N]
// The client is examples/stream.mjs: what the README shows and nothing more.

import { createHash, randomInt } from "node:crypto";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { stream } from "../examples/stream.mjs";
import { Proxy } from "../test/e2e/support/proxy.mjs";
import { Server } from "../test/e2e/support/server.mjs";

const { values: options } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    folder: { type: "string", default: "/usr/include" },
    query: { type: "string", default: "template" },
    hits: { type: "string", default: "2400" },
    cuts: { type: "string", default: "6" },
    kills: { type: "string", default: "3" },
  },
});
const kHitsPerSecond = 100;
const kPatienceMillis = 10 * 60 * 1000;
/** Chunks between two faults: each shall meet a stream that flows again. */
const kApart = 50;

const terminal = process.stdout.isTTY;
const input = { query: options.query, limit: Number(options.hits) };

function say(text) {
  if (terminal) process.stdout.write("\r\x1b[K");
  console.log(text);
}

/** One line that renews itself on a terminal and stays away from logs. */
function show(text) {
  if (terminal) process.stdout.write(`\r\x1b[K${text}`);
}

function bar(current, total) {
  const cells = 32;
  const filled = total > 0 ? Math.round((cells * current) / total) : 0;
  return `${"█".repeat(filled)}${"░".repeat(cells - filled)} ${current}/${total}`;
}

/** Resolves with the hash of each chunk, in the order they arrived, and the final state. */
function run(url, token, jobInput, onChunk = () => {}, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const hashes = [];
    const timer = setTimeout(() => reject(new Error(`the search did not end; ${hashes.length} hits came`)), kPatienceMillis);
    const socket = stream(url, token, "search", jobInput, (name, payload) => {
      if (name === "job:chunk") {
        hashes.push(createHash("sha256").update(JSON.stringify(payload.chunk)).digest("hex"));
        onChunk(hashes.length);
      }
      if (name === "job:progress") onProgress(payload.progress);
      if (name === "error") return reject(new Error(payload.error));
      if (!["job:completed", "job:failed", "job:cancelled"].includes(name)) return;
      clearTimeout(timer);
      socket.close();
      resolve({ hashes, state: name.slice("job:".length), error: payload.error });
    });
  });
}

/** Random chunk counts, apart from each other, each with what happens there. */
function planFaults(total) {
  const kinds = [...Array(Number(options.cuts)).fill("cut"), ...Array(Number(options.kills)).fill("kill")];
  const places = [];
  for (let tries = 0; places.length < kinds.length && tries < 100_000; tries += 1) {
    const place = randomInt(1, Math.floor(total * 0.9));
    if (places.every((other) => Math.abs(other - place) >= kApart)) places.push(place);
  }
  if (places.length < kinds.length) throw new Error(`${total} hits are too few for ${kinds.length} faults.`);
  return places.map((at, index) => ({ at, kind: kinds[index] })).sort((a, b) => a.at - b.at);
}

async function cut(proxy, at) {
  const bytes = randomInt(1, 4000);
  await proxy.cutAfter(bytes);
  say(`  at ${String(at).padStart(5)}  TCP connection reset, ${bytes} bytes later`);
}

async function kill(server, at) {
  const since = Date.now();
  await server.crash();
  say(`  at ${String(at).padStart(5)}  server killed with -9, up again after ${((Date.now() - since) / 1000).toFixed(1)} s`);
}

/** Lets each fault happen once the stream has got to its place. */
async function strike(faults, position, server, proxy) {
  for (const { at, kind } of faults) {
    await position.reached(at);
    await (kind === "cut" ? cut(proxy, at) : kill(server, at));
  }
}

class Position {
  #waiting = null;
  count = 0;

  advance(count) {
    this.count = count;
    if (this.#waiting && count >= this.#waiting.at) this.#waiting.resolve();
  }

  reached(at) {
    if (this.count >= at) return Promise.resolve();
    return new Promise((resolve) => (this.#waiting = { at, resolve }));
  }
}

function compare(expected, received) {
  const places = new Map(expected.map((hash, index) => [hash, index]));
  const distinct = new Set(received);
  let outOfOrder = 0;
  received.forEach((hash, index) => {
    if (index > 0 && places.get(hash) < places.get(received[index - 1])) outOfOrder += 1;
  });
  return {
    lost: expected.filter((hash) => !distinct.has(hash)).length,
    foreign: [...distinct].filter((hash) => !places.has(hash)).length,
    duplicated: received.length - distinct.size,
    outOfOrder,
  };
}

async function demonstrate(server, proxy) {
  const token = server.token("demo");
  say(`searching ${options.folder} for "${options.query}"; the first time it is indexed`);
  const onProgress = ({ current, total, message }) => show(`  ${bar(current, total)}  ${message ?? ""}`);
  const plain = await run(server.url, token, input, undefined, onProgress);
  if (plain.state !== "completed") throw new Error(`the run without faults ended as ${plain.state}: ${plain.error}`);
  const expected = plain.hashes;
  say(`${expected.length} hits in a run without faults; now at ${kHitsPerSecond}/s, cuts: ${options.cuts}, kills: ${options.kills}`);

  const position = new Position();
  const onChunk = (count) => {
    position.advance(count);
    show(`  ${bar(count, expected.length)}`);
  };
  const faulty = run(proxy.url, token, { ...input, ratePerSecond: kHitsPerSecond }, onChunk);
  const strikes = strike(planFaults(expected.length), position, server, proxy);
  const [{ hashes, state, error }] = await Promise.all([faulty, strikes]);

  const { lost, foreign, duplicated, outOfOrder } = compare(expected, hashes);
  say(`expected ${expected.length}, received ${hashes.length}, lost ${lost}, duplicated ${duplicated}, out of order ${outOfOrder}`);
  say(`final state: ${state}${error ? ` (${error})` : ""}`);
  if (foreign > 0) say(`${foreign} hits are none of those expected`);
  return lost + foreign + duplicated + outOfOrder === 0 && hashes.length === expected.length && state === "completed";
}

const interrupted = once(process, "SIGINT");

async function stayUp(server) {
  say(`\nOpen ${server.url}/#token=${server.token("demo")}`);
  say("Ctrl-C stops the server.");
  await interrupted;
}

function stopped() {
  throw new Error("stopped");
}

const server = new Server({ args: ["--search-folder", options.folder] });
let proxy;
let good = false;
try {
  await server.start();
  proxy = await Proxy.start(server.port);
  good = await Promise.race([demonstrate(server, proxy), interrupted.then(stopped)]);
  if (!options.once) await stayUp(server);
} catch (error) {
  say(`demo: ${error.message}\n${server.logText()}`);
} finally {
  await proxy?.close();
  await server.dispose();
}
process.exit(good ? 0 : 1);
