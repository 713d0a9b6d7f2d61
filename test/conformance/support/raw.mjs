// Clients that speak the protocols by hand: HTTP requests and WebSocket messages, as they are on the wire.

import { request as httpRequest } from "node:http";
import { WebSocket } from "ws";
import { within } from "../../e2e/support/client.mjs";

export const separator = "\x1e";

/** Asks again and again, one question at a time, until the answer is truthy; for what nobody tells us. */
export async function untilTruthy(probe, what) {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    const answer = await probe();
    if (answer) return answer;
  }
  throw new Error(`not within 10 s: ${what}`);
}

/**
 * One HTTP request, over a connection of its own unless an agent is given.
 * @returns a promise of {status, headers, text}, with `sent` (resolves when the request has left), `abort()` and the
 *   request itself as `stream`.
 */
export function http(url, { method = "GET", headers = {}, body, agent = false } = {}) {
  let stream;
  const answer = new Promise((resolve, reject) => {
    stream = httpRequest(url, { method, headers, agent }, async (response) => {
      const chunks = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode, headers: response.headers, text });
      } catch (error) {
        reject(error);
      }
    });
    stream.on("error", reject);
  });
  answer.catch(() => {}); // Whoever awaits it hears of it.
  const promise = within(answer, `answer to ${method} ${url}`);
  promise.catch(() => {});
  if (method === "POST" && body === undefined) stream.flushHeaders();
  else stream.end(body);
  return Object.assign(promise, { stream, abort: () => stream.destroy() });
}

/** Query of a request of this transport. */
export function query(transport, sid) {
  return `?EIO=4&transport=${transport}${sid === undefined ? "" : `&sid=${sid}`}`;
}

/** An Engine.IO session on polling. */
export class Polling {
  constructor(base, path, open) {
    this.base = base;
    this.path = path;
    this.open = open;
    this.sid = open.sid;
  }

  static async start(base, path = "/engine.io/") {
    const { text } = await http(base + path + query("polling"));
    return new Polling(base, path, JSON.parse(text.slice(1)));
  }

  get url() {
    return this.base + this.path + query("polling", this.sid);
  }

  poll(options) {
    return http(this.url, options);
  }

  post(body, options) {
    return http(this.url, { method: "POST", body, ...options });
  }

  /** The packets of the next answer that has any. */
  async packets() {
    const { status, text } = await this.poll();
    if (status !== 200) throw new Error(`poll was answered ${status} ${text}`);
    return text === "6" ? this.packets() : text.split(separator);
  }

  /** At least that many packets, from as many polls as it takes. */
  async atLeast(count) {
    const packets = [];
    while (packets.length < count) packets.push(...(await this.packets()));
    return packets;
  }

  /** A WebSocket that is to take this session over. */
  upgrade() {
    return RawSocket.start(this.base, this.path, this.sid);
  }
}

/** A WebSocket with its messages in a queue: strings, or Buffers. */
export class RawSocket {
  constructor(url, options) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.messages = [];
    this.waiting = [];
    this.end = null;
    this.socket.on("message", (data, isBinary) => this.#put(isBinary ? data : data.toString()));
    this.socket.on("error", () => {});
    this.socket.on("close", (code) => {
      this.end = { code };
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`closed with ${code}`));
    });
  }

  #put(message) {
    const waiting = this.waiting.shift();
    if (waiting) waiting.resolve(message);
    else this.messages.push(message);
  }

  /** Open, but nothing read yet. */
  static async start(base, path, sid, options) {
    const opened = new RawSocket(base.replace(/^http/, "ws") + path + query("websocket", sid), options);
    await within(
      new Promise((resolve, reject) => {
        opened.socket.once("open", resolve);
        opened.socket.once("close", () => reject(new Error("refused")));
      }),
      "WebSocket",
    );
    return opened;
  }

  send(data) {
    this.socket.send(data);
  }

  next() {
    if (this.messages.length > 0) return Promise.resolve(this.messages.shift());
    if (this.end) return Promise.reject(new Error(`closed with ${this.end.code}`));
    return within(new Promise((resolve, reject) => this.waiting.push({ resolve, reject })), "message");
  }

  async take(count) {
    const messages = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  closed() {
    if (this.end) return Promise.resolve(this.end);
    return within(new Promise((resolve) => this.socket.once("close", (code) => resolve({ code }))), "close");
  }

  close() {
    this.socket.terminate();
  }
}

/** Opens WebSockets for one test, past the open packet, and closes them with it. */
export function rawSockets(t, base, path) {
  const open = [];
  t.after(() => open.forEach((socket) => socket.close()));
  return async () => {
    const socket = await RawSocket.start(base, path);
    open.push(socket);
    await socket.next();
    return socket;
  };
}

/** The same, connected to namespaces, each past its CONNECT answer and `auth`. */
export function namespaceSockets(t, base) {
  const start = rawSockets(t, base, "/socket.io/");
  return async (...namespaces) => {
    const socket = await start();
    socket.ids = {};
    for (const nsp of namespaces.length > 0 ? namespaces : ["/"]) {
      const prefix = nsp === "/" ? "" : `${nsp},`;
      socket.send(`40${prefix}`);
      const answer = await socket.next();
      socket.ids[nsp] = JSON.parse(answer.slice(2 + prefix.length)).sid;
      await socket.next();
    }
    socket.sid = socket.ids["/"];
    return socket;
  };
}
