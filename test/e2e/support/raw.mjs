// Bare TCP connections that can say what no honest client says.

import { once } from "node:events";
import { connect } from "node:net";
import { within } from "./client.mjs";

const kHeadEnd = "\r\n\r\n";
export const kSocketIo = "/socket.io/?EIO=4";
export const kPolling = `${kSocketIo}&transport=polling`;
export const kWebSocket = `${kSocketIo}&transport=websocket`;

const bytesOf = (data) => (typeof data === "string" ? Buffer.from(data, "latin1") : data);

/** One connection and what has come over it. Text stands for its bytes (latin1). */
export class RawConnection {
  constructor(socket) {
    this.socket = socket;
    this.unread = Buffer.alloc(0);
    this.ended = false;
    /** "end" or the error code with which the server ended it. */
    this.ending = null;
    this.watchers = new Set();
    socket.on("data", (bytes) => {
      this.unread = this.unread.length ? Buffer.concat([this.unread, bytes]) : bytes;
      this.#look();
    });
    socket.on("error", (error) => (this.ending ??= error.code));
    socket.on("end", () => (this.ending ??= "end"));
    socket.on("close", () => {
      this.ended = true;
      this.#look();
    });
  }

  /** `source` is an address of this machine to come from. */
  static async open(port, { source } = {}) {
    const socket = connect({ port, host: "127.0.0.1", localAddress: source, noDelay: true });
    await within(once(socket, "connect"), "connection");
    return new RawConnection(socket);
  }

  #look() {
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Resolves with the first value but undefined that `probe` gives; fails when the server ends it before. */
  async #until(probe, what) {
    const known = probe();
    if (known !== undefined) return known;
    let watcher;
    const found = new Promise((resolve, reject) => {
      watcher = () => {
        const value = probe();
        if (value !== undefined) {
          this.watchers.delete(watcher); // Several pieces may come before anybody can react.
          resolve(value);
        } else if (this.ended) reject(new Error(`the server closed (${this.ending}) before ${what}`));
      };
      this.watchers.add(watcher);
      watcher();
    });
    return within(found, what).finally(() => this.watchers.delete(watcher));
  }

  /** Resolves when the kernel has taken it, or the connection has ended. */
  async send(data) {
    if (this.ended || this.socket.write(bytesOf(data))) return;
    await Promise.race([once(this.socket, "drain").catch(() => {}), this.closed()]);
  }

  async sendByteByByte(data) {
    for (const byte of bytesOf(data)) {
      this.socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
  }

  read(size) {
    return this.#until(() => {
      if (this.unread.length < size) return undefined;
      const bytes = this.unread.subarray(0, size);
      this.unread = this.unread.subarray(size);
      return bytes;
    }, `${size} bytes`);
  }

  /** The next HTTP answer. */
  async response() {
    const size = await this.#until(() => {
      const end = this.unread.indexOf(kHeadEnd);
      return end < 0 ? undefined : end + kHeadEnd.length;
    }, "an answer");
    const [first, ...lines] = (await this.read(size)).toString("latin1").trimEnd().split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const status = Number(first.split(" ")[1]);
    const length = status === 101 ? 0 : Number(headers["content-length"] ?? 0);
    return { status, headers, body: (await this.read(length)).toString("utf8") };
  }

  request(method, target, { headers = "", body } = {}) {
    const length = body === undefined ? "" : `Content-Length: ${bytesOf(body).length}\r\n`;
    const head = `${method} ${target} HTTP/1.1\r\nHost: test\r\n${headers}${length}\r\n`;
    return this.send(body === undefined ? head : Buffer.concat([bytesOf(head), bytesOf(body)]));
  }

  async ask(method, target, options) {
    await this.request(method, target, options);
    return this.response();
  }

  /** Resolves when the server has ended the connection, with what ended it. */
  async closed() {
    await this.#until(() => (this.ended ? true : undefined), "end of the connection");
    return this.ending;
  }

  destroy() {
    this.socket.destroy();
  }

  /** Ends it the rude way. */
  reset() {
    this.socket.resetAndDestroy();
  }
}

/** A frame as a client sends it. `first` is FIN, reserved bits and opcode. */
export function frame(first, payload = "", { masked = true, declared } = {}) {
  const body = Buffer.from(bytesOf(payload));
  const size = declared ?? BigInt(body.length);
  const wide = size > 0xffffn;
  const header = Buffer.alloc(size < 126n ? 2 : wide ? 10 : 4);
  header[0] = first;
  header[1] = (masked ? 0x80 : 0) | (size < 126n ? Number(size) : wide ? 127 : 126);
  if (wide) header.writeBigUInt64BE(BigInt.asUintN(64, size), 2);
  else if (size >= 126n) header.writeUInt16BE(Number(size), 2);
  if (!masked) return Buffer.concat([header, body]);
  const mask = Buffer.from([0x11, 0x22, 0x33, 0x44]);
  for (let at = 0; at < body.length; at += 1) body[at] ^= mask[at % 4];
  return Buffer.concat([header, mask, body]);
}

export const text = (payload) => frame(0x81, Buffer.from(payload, "utf8"));
export const binary = (payload) => frame(0x82, payload);

export function upgradeRequest(target = kWebSocket, headers = "") {
  return (
    `GET ${target} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`
  );
}

/** A WebSocket on a bare connection. */
export class RawWebSocket {
  constructor(connection) {
    this.connection = connection;
  }

  /** `behind` comes in the same segment as the request. */
  static async open(port, { target = kWebSocket, behind = "", source } = {}) {
    const connection = await RawConnection.open(port, { source });
    await connection.send(Buffer.concat([bytesOf(upgradeRequest(target)), bytesOf(behind)]));
    const { status } = await connection.response();
    if (status !== 101) throw new Error(`the upgrade was answered ${status}`);
    return new RawWebSocket(connection);
  }

  /** With the open packet read and the default namespace connected. */
  static async connected(port, token) {
    const socket = await RawWebSocket.open(port);
    await socket.text();
    await socket.send(text(`40${JSON.stringify({ token })}`));
    await socket.packet("42[\"connected\"");
    return socket;
  }

  send(bytes) {
    return this.connection.send(bytes);
  }

  async frame() {
    const [first, second] = await this.connection.read(2);
    let size = second & 0x7f;
    if (size === 126) size = (await this.connection.read(2)).readUInt16BE();
    else if (size === 127) size = Number((await this.connection.read(8)).readBigUInt64BE());
    return { opcode: first & 0x0f, payload: await this.connection.read(size) };
  }

  async text() {
    const { opcode, payload } = await this.frame();
    if (opcode !== 1) throw new Error(`expected text, got opcode ${opcode} ${payload.toString("hex")}`);
    return payload.toString("utf8");
  }

  /** The next text that starts like this. Pings of the heartbeat are answered. */
  async packet(start) {
    while (true) {
      const packet = await this.text();
      if (packet === "2") await this.send(text("3"));
      if (packet.startsWith(start)) return packet;
    }
  }

  /** The code of the server's close frame, which ends the connection. */
  async closeCode() {
    while (true) {
      const { opcode, payload } = await this.frame();
      if (opcode === 8) return payload.length < 2 ? 1005 : payload.readUInt16BE();
    }
  }

  destroy() {
    this.connection.destroy();
  }
}

/** A polling session on bare connections: one that polls and one that posts. */
export class RawPolling {
  static async open(port) {
    const session = new RawPolling();
    session.poller = await RawConnection.open(port);
    session.poster = await RawConnection.open(port);
    const { status, body } = await session.poller.ask("GET", kPolling);
    if (status !== 200) throw new Error(`the handshake was answered ${status}`);
    session.sid = JSON.parse(body.slice(1)).sid;
    session.target = `${kPolling}&sid=${session.sid}`;
    return session;
  }

  static async connected(port, token) {
    const session = await RawPolling.open(port);
    await session.post(`40${JSON.stringify({ token })}`);
    for (let packets = ""; !packets.includes('42["connected"'); ) packets = (await session.poll()).body;
    return session;
  }

  poll() {
    return this.poller.ask("GET", this.target);
  }

  post(body, headers) {
    return this.poster.ask("POST", this.target, { body, headers });
  }

  /** Whether the session still answers. */
  async isAlive() {
    return (await this.post("3")).status === 200;
  }

  /** Says good-bye: the server cannot see that a client who is between two polls has gone. */
  destroy() {
    if (!this.poster.ended) void this.post("1").catch(() => {});
    this.poster.socket.end();
    this.poller.destroy();
  }
}
