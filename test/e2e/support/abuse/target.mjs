// What an attack is given: a server, tokens, and connections that are destroyed when it is over.

import assert from "node:assert/strict";
import { RawConnection, RawPolling, RawWebSocket } from "../raw.mjs";

export class Target {
  constructor(server) {
    this.server = server;
    this.port = server.port;
    this.open = [];
  }

  token() {
    return this.server.token("mallory");
  }

  #keep(opening) {
    return opening.then((opened) => {
      this.open.push(opened);
      return opened;
    });
  }

  connection(options) {
    return this.#keep(RawConnection.open(this.port, options));
  }

  /** A WebSocket that has read its open packet and not authenticated. */
  async stranger(options) {
    const socket = await this.#keep(RawWebSocket.open(this.port, options));
    await socket.text();
    return socket;
  }

  webSocket(options) {
    return this.#keep(RawWebSocket.open(this.port, options));
  }

  client() {
    return this.#keep(RawWebSocket.connected(this.port, this.token()));
  }

  polling() {
    return this.#keep(RawPolling.connected(this.port, this.token()));
  }

  strangerPolling() {
    return this.#keep(RawPolling.open(this.port));
  }

  leave() {
    for (const opened of this.open) opened.destroy();
    this.open = [];
  }
}

/** Runs one attack and takes its connections away, whatever came of it. */
export async function attack(server, { run }) {
  const target = new Target(server);
  try {
    await run(target);
  } finally {
    target.leave();
  }
}

/** The WebSocket is closed with that code, and then the connection ends. */
export async function closedWith(socket, code, what) {
  assert.equal(await socket.closeCode(), code, what);
  socket.connection.socket.end();
  await socket.connection.closed();
}

/** `parts` at the same time, each with what `make` opens: `all(target.client, list, async (client, item) => …)`. */
export function all(items, act) {
  return Promise.all([...items].map(act));
}
