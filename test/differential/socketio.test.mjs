// Our codec of Socket.IO packets against socket.io-parser: what both accept means the same, and what only one of
// them accepts is on the list below with its reason.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Decoder, Encoder } from "socket.io-parser";
import { Random, ask, cases, corpus, jsonValue, mutated, seed } from "./support.mjs";

const examples = [
  '0{"token":"x"}', "0", '0{"sid":"FqUsfVIoMCrmy31wAAAO"}', '0/custom,{"sid":"..."}', "0/custom",
  '4/random,{"message":"Invalid namespace"}', '4"x"', '2["message",1,"2",{"3":[true]}]', '2456["ask",1]', "3456[1]",
  "1/custom,", "1/custom", "1", '2/custom,12["x"]', '2["hello"]', '2[1,2]', "2{}", '2abc["x"]', "2[]", "2[null]",
  '2["connect"]', '2["disconnecting"]', '52-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
  '61-789[{"_placeholder":true,"num":0}]', '51-/chat,7["x",{"_placeholder":true,"num":0}]', '50-["x"]',
  '511-["x"]', '51-["x",{"_placeholder":true,"num":1}]', "5999999-[\"e\"]", '51e0-["e"]', "51-", "7", "", " ",
  '2 ["a"]', '21 ["a"]', '2["a"] ', "3[1]", "2", "4", "1{}", "15", '05{}', '299999999999999999999["a"]',
  '2/,["a"]', '2/a?b=c,1["x"]', '2["a","\\ud800",1e400]', '2["' + "x".repeat(129) + '"]', '51-["x",{"_placeholder":true,"num":0e0}]', '51-["x",{"_placeholder":true,"num":0.5}]',
  "2[\"a\"," + "[".repeat(130) + "]".repeat(131),
];

/** What the reference makes of a message and as many attachments as it waits for. */
function reference(text) {
  const decoder = new Decoder();
  let packet = null;
  decoder.on("decoded", (decoded) => (packet = decoded));
  const buffers = [];
  try {
    decoder.add(text);
    while (!packet && buffers.length < 10) {
      buffers.push(Buffer.from([buffers.length]));
      decoder.add(buffers.at(-1));
    }
  } catch (error) {
    return { error: error.message };
  }
  const { type, nsp, id, data } = packet;
  return { type, nsp, id, data, attachments: buffers.length };
}

function withAttachments(data) {
  if (Buffer.isBuffer(data) || typeof data !== "object" || data === null) return data;
  if (data._placeholder === true) return Buffer.from([data.num]);
  if (Array.isArray(data)) return data.map(withAttachments);
  for (const key of Object.keys(data)) data[key] = withAttachments(data[key]);
  return data;
}

/** Our packet in the terms of the reference, which makes BINARY_EVENT an EVENT once it is complete. */
function ours({ type, nsp, id, attachments, data }) {
  const isBinary = type === 5 || type === 6;
  return {
    type: isBinary ? type - 3 : type,
    nsp,
    id: id === undefined ? undefined : Number(id),
    data: isBinary ? withAttachments(data) : data,
    attachments,
  };
}

function depth(value) {
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}

/** Whether a placeholder at any depth, inside others too, has a number that is no index. */
function hasIllegalPlaceholder(value, count) {
  if (typeof value !== "object" || value === null) return false;
  const isIndex = Number.isInteger(value.num) && value.num >= 0 && value.num < count;
  return (value._placeholder === true && !isIndex) || Object.values(value).some((member) => hasIllegalPlaceholder(member, count));
}

const digits = /^[0-6](?:\d+-)?(?:\/[^,]*(?:,|$))?(\d*)/;

/** Why we refuse what the reference accepts. Each says what nobody honest sends. */
const stricter = {
  "the type is a digit; Number() takes white space and nothing for 0": (text) => !/^[0-6]/.test(text),
  "the number of attachments is digits": (text, { attachments }) => attachments > 0 && !/^[56]\d+-/.test(text),
  "an ack id is digits, and white space is none": (text) => /^[\s]/.test(text.slice(digits.exec(text)?.[0].length)),
  "an ack id has at most 64 bits": (text) => Number(digits.exec(text)?.[1]) >= 2 ** 64,
  "only events and acks have an id": (_, { type, id }) => id !== undefined && [0, 1, 4].includes(type),
  "an ack has an id": (_, { type, id }) => type === 3 && id === undefined,
  "an event, an ack and an error have a payload": (_, { type, data }) => [2, 3, 4].includes(type) && data === undefined,
  "event names have at most 128 bytes": (_, { type, data }) => type === 2 && Buffer.byteLength(String(data?.[0])) > 128,
  "nesting has at most 128 levels": (_, { data }) => depth(data) > 128,
  "the number of a placeholder is an integer, inside of another one too": (text, { attachments }) =>
    attachments > 0 && hasIllegalPlaceholder(JSON.parse(text.slice(text.indexOf("["))), attachments),
  "the number of a placeholder is written in digits": (text, { attachments }) =>
    attachments > 0 && /"num"\s*:\s*-?\d+[.eE]/.test(text),
};

function reasonToRefuse(text, packet) {
  return Object.entries(stricter).find(([, applies]) => applies(text, packet))?.[0];
}

function generated(random) {
  const inputs = [...examples, ...corpus("socketio_packet")];
  const known = [...inputs];
  const encoder = new Encoder();
  while (inputs.length < cases) {
    if (random.chance(30)) {
      inputs.push(packetText(random));
    } else if (random.chance(10)) {
      const args = [jsonValue(random, false), random.chance(30) ? Buffer.from("x") : 1];
      const packet = { type: 2, nsp: random.of(["/", "/chat"]), id: random.of([undefined, 0, 77]), data: ["e", ...args] };
      inputs.push(encoder.encode(packet)[0]);
    } else {
      inputs.push(mutated(random, random.of(known), known));
    }
  }
  return inputs.map((text) => text.toWellFormed?.() ?? Buffer.from(text).toString());
}

function packetText(random) {
  const type = random.below(8);
  const isBinary = type === 5 || type === 6;
  const count = isBinary ? `${random.of([0, 1, 1, 2, 3, 10, 11, "01", "", "x"])}-` : "";
  const nsp = random.of(["", "", "", "/,", "/chat,", "/a?b=1,", "/chat"]);
  const id = random.of(["", "", "0", "7", "0012", "18446744073709551615", "18446744073709551616", " "]);
  const value = jsonValue(random, isBinary);
  const name = random.of(["hello", "connect", "newListener", 7, null, ""]);
  const data = type === 0 || type === 4 ? value : type === 1 ? undefined : type === 2 || type === 5 ? [name, value] : [value];
  return type + count + nsp + id + (data === undefined || random.chance(5) ? "" : JSON.stringify(data));
}

describe("Socket.IO packets", () => {
  const inputs = generated(new Random(seed));

  test(`mean the same to both parsers (${inputs.length} cases, seed ${seed})`, () => {
    const answers = ask("s", inputs);
    const accepted = { both: 0, neither: 0 };
    const reasons = new Map(Object.keys(stricter).map((reason) => [reason, 0]));
    inputs.forEach((text, i) => {
      const theirs = reference(text);
      const answer = answers[i];
      const show = `seed ${seed}, ${JSON.stringify(text)}: we ${JSON.stringify(answer)}, they ${JSON.stringify(theirs)}`;
      if (theirs.error !== undefined) {
        assert.ok(answer.error !== undefined, `only we accept: ${show}`);
        ++accepted.neither;
      } else if (answer.error !== undefined) {
        const reason = reasonToRefuse(text, theirs);
        assert.ok(reason, `only they accept: ${show}`);
        reasons.set(reason, reasons.get(reason) + 1);
      } else {
        assert.deepStrictEqual(ours(answer), theirs, show);
        assert.deepStrictEqual(reference(answer.written), theirs, `written by us: ${show}`);
        ++accepted.both;
      }
    });
    assert.ok(accepted.both > 2000 && accepted.neither > 2000, JSON.stringify(accepted));
    for (const [reason, count] of reasons) assert.ok(count > 0, `no case for: ${reason}`);
  });
});

describe("packets that we write", () => {
  const random = new Random(seed + 1);
  const data = Array.from({ length: 2000 }, () => [random.of(["job:chunk", "é", "\0", '"']), jsonValue(random, false)]);
  const texts = data.map((value) => JSON.stringify(value));

  test("read the same to the reference", () => {
    ask("a", texts).forEach((answer, i) => {
      const [name, argument] = JSON.parse(texts[i]);
      const packet = (text) => reference(text);
      const expect = (text, expected) => assert.deepStrictEqual(packet(text), { attachments: 0, id: undefined, ...expected }, text);
      expect(answer.event, { type: 2, nsp: "/chat", id: 7, data: [name, argument, argument] });
      expect(answer.ack, { type: 3, nsp: "/", id: 12, data: [argument] });
      expect(answer.connect, { type: 0, nsp: "/", data: { a: argument } });
      expect(answer.refusal, { type: 4, nsp: "/x", data: { message: name, data: argument } });
      expect(answer.disconnect, { type: 1, nsp: "/x", data: undefined });
    });
  });
});
