import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { WebSocket } from "ws";
import { Reader, sockets, within } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

const enabled = "[engine]\npermessage_deflate = true\n";
const kMaxPayload = 1_000_000;

/** A WebSocket of `ws` that offers compression, with the packets it has received. */
class Line {
  static async open(t, server, query = "", perMessageDeflate = { threshold: 0 }) {
    const line = new Line();
    const url = `${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket${query}`;
    line.socket = new WebSocket(url, { perMessageDeflate });
    t.after(() => line.socket.terminate());
    line.packets = [];
    line.socket.once("upgrade", ({ headers }) => (line.extensions = headers["sec-websocket-extensions"] ?? ""));
    line.closed = once(line.socket, "close").then(([code]) => code);
    line.socket.on("message", (data, binary) => line.packets.push(binary ? data : data.toString()));
    await within(once(line.socket, "open"), "open");
    return line;
  }

  send(packet) {
    this.socket.send(packet);
  }

  /** Resolves with the first packet that begins with `start`. */
  async packet(start) {
    const find = () => this.packets.find((packet) => typeof packet === "string" && packet.startsWith(start));
    while (!find()) await within(once(this.socket, "message"), `packet ${start}`);
    return find();
  }

  async login(token) {
    this.send(`40${JSON.stringify({ token })}`);
    await this.packet('42["connected"');
  }

  /** Runs a job and resolves with the bodies of its chunks. */
  async run(input) {
    this.send(`421${JSON.stringify(["start:job", { type: "test-job", input }])}`);
    await this.packet('42["job:completed"');
    const bodies = this.packets.filter((packet) => packet.startsWith('42["job:chunk"'));
    return bodies.map((packet) => JSON.parse(packet.slice(2))[1].payload.chunk);
  }
}

async function polled(server, sid, packet) {
  const url = `${server.url}/socket.io/?EIO=4&transport=polling${sid ? `&sid=${sid}` : ""}`;
  const answer = await fetch(url, packet ? { method: "POST", body: packet, headers: { "content-type": "text/plain" } } : {});
  return answer.text();
}

describe("without engine.permessage_deflate", () => {
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.dispose());

  test("compression is declined, also for those who show a token, and everything works", async (t) => {
    const line = await Line.open(t, server, `&token=${server.token("ada")}`);
    assert.equal(line.extensions, "");
    await line.login(server.token("ada"));
    assert.equal((await line.run({ chunks: 5, intervalMs: 0, chunkBytes: 5_000 })).length, 5);
  });
});

describe("with engine.permessage_deflate", () => {
  let server;
  before(async () => {
    server = await Server.start({ config: enabled });
  });
  after(() => server.dispose());
  const query = () => `&token=${server.token("ada")}`;

  test("compression is declined before authentication", async (t) => {
    for (const before of ["", "&token=", "&token=nonsense"]) {
      const line = await Line.open(t, server, before);
      assert.equal(line.extensions, "", before);
      await line.login(server.token("ada"));
      assert.equal((await line.run({ chunks: 3, intervalMs: 0, chunkBytes: 5_000 })).length, 3);
    }
    const sid = JSON.parse((await polled(server)).slice(1)).sid;
    const upgrade = await Line.open(t, server, `&sid=${sid}`);
    assert.equal(upgrade.extensions, "");
  });

  test("a token in the query is enough, and messages of both sides are compressed", async (t) => {
    const line = await Line.open(t, server, query());
    assert.match(line.extensions, /^permessage-deflate; server_no_context_takeover; client_no_context_takeover$/);
    await line.login(server.token("ada"));
    const { _socket: tcp } = line.socket;
    const before = tcp.bytesRead;
    const chunks = await line.run({ chunks: 20, intervalMs: 0, chunkBytes: 20_000 });
    assert.equal(chunks.length, 20);
    assert.ok(chunks.every((chunk) => JSON.stringify(chunk).length >= 20_000));
    assert.ok(tcp.bytesRead - before < 100_000, `${tcp.bytesRead - before} bytes for 400,000`);
    // Binary messages too: an attachment nobody asked for, after an event that announced it.
    line.send('451-2["subscribe:job",{"_placeholder":true,"num":0}]');
    line.send(Buffer.alloc(10_000));
    assert.match(await line.packet("432["), /bad_request/);
  });

  test("a polling session that has authenticated upgrades to it", async (t) => {
    const sid = JSON.parse((await polled(server)).slice(1)).sid;
    await polled(server, sid, `40${JSON.stringify({ token: server.token("ada") })}`);
    let text = "";
    while (!text.includes("connected")) text += await polled(server, sid);
    const line = await Line.open(t, server, `&sid=${sid}`);
    assert.match(line.extensions, /permessage-deflate/);
    line.send("2probe");
    await line.packet("3probe");
    line.send("5");
    assert.equal((await line.run({ chunks: 5, intervalMs: 0, chunkBytes: 5_000 })).length, 5);
  });

  test("smaller windows are kept to, and ours is named", async (t) => {
    for (const bits of [9, 12, 15]) {
      const line = await Line.open(t, server, query(), { serverMaxWindowBits: bits, clientMaxWindowBits: bits, threshold: 0 });
      assert.match(line.extensions, new RegExp(`server_max_window_bits=${bits}$`));
      await line.login(server.token("ada"));
      assert.equal((await line.run({ chunks: 5, intervalMs: 0, chunkBytes: 50_000 })).length, 5);
    }
  });

  test("stock socket.io-client works with it", async (t) => {
    for (const options of [{ query: { token: server.token("ada") }, transports: ["websocket"] }, { transports: ["polling", "websocket"] }]) {
      const client = sockets(t)(server.url, server.token("ada"), { perMessageDeflate: { threshold: 0 }, ...options });
      await client.connected();
      // A session that begins by polling may be quicker to upgrade than to log in.
      if (options.query) assert.match(client.socket.io.engine.transport.ws.extensions, /permessage-deflate/);
      const reader = new Reader(client, await client.start("test-job", { chunks: 30, intervalMs: 1, chunkBytes: 5_000 }));
      await reader.finished();
      assert.equal(reader.chunks.length, 30);
    }
  });

  const flush = { finishFlush: constants.Z_SYNC_FLUSH };
  const bomb = deflateRawSync(Buffer.alloc(100 * kMaxPayload, "x"), { ...flush, level: 9 }).subarray(0, -4);
  const faults = {
    "a bomb": [bomb, 1009],
    "one byte too much": [deflateRawSync(Buffer.alloc(kMaxPayload + 1, "4"), flush).subarray(0, -4), 1009],
    "damaged data": [Buffer.from([0xff, 0xff, 0xff]), 1007],
    "text that is not UTF-8": [deflateRawSync(Buffer.from([0x34, 0xff, 0xfe]), flush).subarray(0, -4), 1007],
  };
  for (const [what, [payload, code]] of Object.entries(faults)) {
    test(`${what} closes with ${code}, costs little memory, and harms nobody else`, async (t) => {
      const other = await Line.open(t, server, query());
      const line = await Line.open(t, server, query());
      await line.login(server.token("ada"));
      const before = server.memory("VmRSS");
      line.socket._socket.write(maskedFrame(payload));
      assert.equal(await within(line.closed, "close"), code);
      assert.ok(server.memory("VmRSS") - before < 20_000, "KiB");
      await other.login(server.token("bob"));
    });
  }

  /** The bytes of one compressed text frame, as `ws` hands them to its socket. */
  function maskedFrame(payload) {
    const head = Buffer.from([0xc1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(BigInt(payload.length), 2);
    return Buffer.concat([head, payload]);
  }
});
