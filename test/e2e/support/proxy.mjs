// A TCP proxy that a test owns and uses to do to a line what networks do.

import { once } from "node:events";
import { createServer, connect } from "node:net";

/**
 * A socket that is being shut down cannot be reset: Node.js would lose its handle, and never exit.
 * @param {import("node:net").Socket} socket
 */
function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export class Proxy {
  #server;
  #lines = new Set();
  #fuses = new Set();
  #blackHole = false;

  constructor(targetPort) {
    this.targetPort = targetPort;
    this.resets = 0;
    /** Bytes of one write towards the client, and the pause behind each; null sends as it comes. */
    this.slice = null;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(targetPort) {
    const proxy = new Proxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Resets every open connection now, or else the next one at its first byte. */
  async cut() {
    if (this.#lines.size === 0) await this.cutAfter(1);
    for (const line of [...this.#lines]) this.#reset(line);
  }

  /**
   * Resets the connection that carries the `bytes`-th byte in that direction from now on, right behind that byte and a
   * stall in which nothing passes either way.
   * @param {{towards?: "client" | "server", stallMillis?: number}} how
   */
  cutAfter(bytes, { towards = "client", stallMillis = 0 } = {}) {
    return new Promise((resolve) => {
      this.#fuses.add({ bytes, towards, stallMillis, blown: resolve });
    });
  }

  /** Swallows everything both ways without a word, as a dead radio link does. */
  set blackHole(on) {
    this.#blackHole = on;
  }

  /** Takes nothing from anybody any more, so that what is sent piles up with its sender. */
  freeze() {
    for (const { client, server } of this.#lines) {
      client.pause();
      server.pause();
    }
  }

  async close() {
    for (const line of [...this.#lines]) this.#drop(line);
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client) {
    const server = connect(this.targetPort, "127.0.0.1");
    const line = { client, server };
    this.#lines.add(line);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#drop(line));
    }
    client.on("end", () => server.end());
    // What still trickles goes out before the end.
    server.on("end", () => line.trickling || client.end());
    client.on("close", () => this.#drop(line));
    client.on("data", (bytes) => this.#carry(line, "server", bytes));
    server.on("data", (bytes) => this.#carry(line, "client", bytes));
  }

  #carry(line, towards, bytes) {
    if (this.#blackHole || line.doomed) return;
    for (const fuse of this.#fuses) {
      if (fuse.towards !== towards) continue;
      if (fuse.bytes <= bytes.length) return this.#blow(line, fuse, bytes);
      fuse.bytes -= bytes.length;
    }
    if (towards === "server") this.#write(line.client, line.server, bytes);
    else if (this.slice) this.#trickle(line, bytes);
    else this.#write(line.server, line.client, bytes);
  }

  #blow(line, fuse, bytes) {
    this.#fuses.delete(fuse);
    line.doomed = true;
    line.client.pause();
    line.server.pause();
    const end = () => {
      this.#reset(line);
      fuse.blown();
    };
    // The reset must not overtake the bytes before it.
    line[fuse.towards].write(bytes.subarray(0, fuse.bytes), () =>
      fuse.stallMillis > 0 ? setTimeout(end, fuse.stallMillis) : end(),
    );
  }

  #write(from, to, bytes) {
    if (to.destroyed || to.write(bytes)) return;
    from.pause();
    to.once("drain", () => from.resume());
  }

  #trickle(line, bytes) {
    const { size, pauseMillis } = this.slice;
    line.server.pause();
    line.trickling = true;
    const finish = () => {
      line.trickling = false;
      if (line.server.readableEnded) line.client.end();
      else line.server.resume();
    };
    const step = (offset) => {
      if (line.client.destroyed) return;
      if (offset >= bytes.length) return finish();
      line.client.write(bytes.subarray(offset, offset + size));
      setTimeout(step, pauseMillis, offset + size);
    };
    step(0);
  }

  #reset(line) {
    if (!this.#lines.delete(line)) return;
    this.resets += 1;
    reset(line.client);
    reset(line.server);
  }

  #drop(line) {
    this.#lines.delete(line);
    line.client.destroy();
    line.server.destroy();
  }
}
