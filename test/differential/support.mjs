// The program that tells what our codecs make of bytes, a generator of inputs, and how two readings are compared.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = process.env.HAWSER_CODEC_PROBE ?? `${root}build/release/test/codec_probe`;

/** The seed of all generated cases: fixed, so that a failure repeats; another one finds other cases. */
export const seed = Number(process.env.HAWSER_DIFFERENTIAL_SEED ?? 1);
export const cases = Number(process.env.HAWSER_DIFFERENTIAL_CASES ?? 20_000);

/** The answers of our codecs; `kind` as in codec_probe.cc. */
export function ask(kind, inputs) {
  const questions = inputs.flatMap((input) => {
    const bytes = Buffer.from(input);
    const head = Buffer.alloc(5);
    head.write(kind);
    head.writeUInt32BE(bytes.length, 1);
    return [head, bytes];
  });
  const run = spawnSync(program, { input: Buffer.concat(questions), maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`${program}: ${run.error ?? run.stderr}`);
  const answers = run.stdout.toString().split("\0").slice(0, -1);
  if (answers.length !== inputs.length) throw new Error(`${answers.length} answers to ${inputs.length} questions`);
  return answers.map((answer) => JSON.parse(answer));
}

/** The inputs that a fuzz target has learned, as far as they are text. */
export function corpus(target) {
  const folder = `${root}test/fuzz/corpus/${target}`;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return readdirSync(folder).flatMap((name) => {
    try {
      return [decoder.decode(readFileSync(`${folder}/${name}`))];
    } catch {
      return [];
    }
  });
}

/** Random numbers that are the same in every run (the 32-bit generator named mulberry). */
export class Random {
  #state;
  constructor(start) {
    this.#state = start >>> 0;
  }
  below(count) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % count;
  }
  of(list) {
    return list[this.below(list.length)];
  }
  chance(percent) {
    return this.below(100) < percent;
  }
}

const characters = [..."0123456789-+/,[]{}\":ab \t.eE\\u_\x1e", "é", "€", "😀", "\u00a0", "\u2028", "\0"];

/** A text with a few changes: characters put in, taken out or replaced, pieces doubled or taken from `others`. */
export function mutated(random, text, others) {
  let list = [...text];
  for (let count = 1 + random.below(3); count > 0; --count) {
    const at = random.below(list.length + 1);
    const end = Math.min(list.length, at + 1 + random.below(4));
    switch (random.below(5)) {
      case 0: list.splice(at, 0, random.of(characters)); break;
      case 1: list.splice(at, 1); break;
      case 2: list.splice(at, 1, random.of(characters)); break;
      case 3: list.splice(at, 0, ...list.slice(at, end)); break;
      default: {
        const other = [...random.of(others)];
        const from = random.below(other.length + 1);
        list = [...list.slice(0, at), ...other.slice(from)];
      }
    }
  }
  return list.join("");
}

/** Any JSON value; `placeholders` mixes in what stands for attachments. */
export function jsonValue(random, placeholders, depth = 0) {
  const kind = random.below(depth > 3 ? 7 : 10);
  if (placeholders && random.chance(20)) {
    return { _placeholder: random.chance(90) ? true : "true", num: random.of([0, 0, 0, 1, 1, 2, -1, 0.5, "0", 10]) };
  }
  switch (kind) {
    case 0: return null;
    case 1: return random.chance(50);
    case 2: return random.of([0, -0, 1, -1, 1.5, 1e21, -1e-7, 2 ** 53, 1e308, 123456789012]);
    case 3:
    case 4:
    case 5:
    case 6: return random.of(["", "a", "é€😀", "\ud800", "\0\x1f\x7f", "\u2028\u2029", "\\\"/", "__proto__", "x".repeat(130)]);
    case 7:
    case 8: return Array.from({ length: random.below(4) }, () => jsonValue(random, placeholders, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          random.of(["a", "b", "num", "_placeholder", "__proto__", "toJSON", "é"]),
          jsonValue(random, placeholders, depth + 1),
        ]),
      );
  }
}
