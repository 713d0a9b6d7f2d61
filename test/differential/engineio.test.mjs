// Our codec of Engine.IO packets and polling bodies against engine.io-parser.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodePacket, decodePayload, encodePayload } from "engine.io-parser";
import { Random, ask, cases, corpus, mutated, seed } from "./support.mjs";

const types = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const examples = [
  "4hello", "2probe", "3probe", "5", "1", "6", "", "bAQIDBA==", "4hello\x1ebAQIDBA==", "4€\x1e4😀\x1e2", "\x1e", "4a\x1e",
  "7x", "b", "b====", "bAQ==", "bAR==", "bA", "bAQID\n", "b AQID", "bAQI-", "bAQI_", "4a\x1e\x1e4b", "4a\x1e9\x1e4b",
  '0{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}',
];

/** Our packet in the terms of the reference, where no data is undefined. */
function ours({ type, text, hex }) {
  if (hex !== undefined) return { type: "message", data: Buffer.from(hex, "hex") };
  return text === "" ? { type: types[type] } : { type: types[type], data: text };
}

/** Only base64 as it is written by everybody: the reference's decoder skips what is none. */
const isBase64 = (text) => Buffer.from(text, "base64").toString("base64") === text;

function generated(random) {
  const known = [...examples, ...corpus("engineio_payload")];
  const inputs = [...known];
  while (inputs.length < cases) {
    if (random.chance(30)) {
      encodePayload(packets(random), (body) => inputs.push(body));
    } else {
      inputs.push(mutated(random, random.of(known), known));
    }
  }
  return inputs.map((text) => Buffer.from(text).toString());
}

function packets(random) {
  return Array.from({ length: 1 + random.below(4) }, () => {
    if (random.chance(40)) {
      return { type: "message", data: Buffer.from(Array.from({ length: random.below(6) }, () => random.below(256))) };
    }
    return { type: random.of(types), data: random.of([undefined, "", "probe", "é€😀", "\0", "b", '2["a",1]']) };
  });
}

describe("polling bodies", () => {
  const inputs = generated(new Random(seed));

  test(`hold the same packets to both parsers (${inputs.length} cases, seed ${seed})`, () => {
    const answers = ask("p", inputs);
    const count = { whole: 0, broken: 0, base64: 0 };
    inputs.forEach((body, i) => {
      const answer = answers[i];
      const theirs = decodePayload(body);
      const show = `seed ${seed}, ${JSON.stringify(body)}: we ${JSON.stringify(answer)}, they ${JSON.stringify(theirs)}`;
      const got = answer.packets.map(ours);
      const failed = theirs.at(-1).type === "error";
      const expected = failed ? theirs.slice(0, -1) : theirs;
      assert.deepStrictEqual(got, expected.slice(0, got.length), show);
      if (got.length === expected.length) {
        assert.equal(answer.failed, failed, show);
        ++count[failed ? "broken" : "whole"];
      } else {
        // The one reason to stop earlier: base64 that is not as it should be.
        const stopped = body.split("\x1e")[got.length];
        assert.ok(answer.failed && stopped.startsWith("b") && !isBase64(stopped.slice(1)), `only they accept: ${show}`);
        ++count.base64;
      }
      if (got.length > 0) assert.deepStrictEqual(decodePayload(answer.written), got, `written by us: ${show}`);
    });
    assert.ok(count.whole > 2000 && count.broken > 2000 && count.base64 > 50, JSON.stringify(count));
  });

  test("of the reference are read as they were meant", () => {
    const random = new Random(seed + 1);
    const lists = Array.from({ length: 2000 }, () => packets(random));
    const bodies = lists.map((list) => {
      let body;
      encodePayload(list, (encoded) => (body = encoded));
      return body;
    });
    ask("p", bodies).forEach((answer, i) => {
      const meant = lists[i].map(({ type, data }) => (data?.length === 0 && !Buffer.isBuffer(data) ? { type } : data === undefined ? { type } : { type, data }));
      assert.deepStrictEqual(answer.packets.map(ours), meant, JSON.stringify(bodies[i]));
      assert.equal(answer.failed, false);
    });
  });
});

describe("text frames", () => {
  const inputs = generated(new Random(seed + 2));

  test(`are the same packets to both parsers (${inputs.length} cases, seed ${seed + 2})`, () => {
    ask("w", inputs).forEach((answer, i) => {
      const theirs = decodePacket(inputs[i]);
      const show = `${JSON.stringify(inputs[i])}: we ${JSON.stringify(answer)}, they ${JSON.stringify(theirs)}`;
      if (theirs.type === "error") {
        assert.ok(answer.error !== undefined, `only we accept: ${show}`);
      } else if (answer.error !== undefined) {
        // A frame of text carries no base64: bytes have frames of their own.
        assert.ok(inputs[i].startsWith("b"), `only they accept: ${show}`);
      } else {
        assert.deepStrictEqual(ours(answer), theirs, show);
      }
    });
  });
});
