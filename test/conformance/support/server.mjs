// A real `hawser conformance` process. HAWSER_BIN may be another program that takes the same flags, to try the tests
// on another implementation.

import { after, before } from "node:test";
import { Server, loops } from "../../e2e/support/server.mjs";

export class ConformanceServer extends Server {
  constructor({ args = [] } = {}) {
    super({ dev: false });
    this.args = ["conformance", "--host", "127.0.0.1", "--loops", loops, ...args];
  }
}

/** So that no heartbeat comes between what a test looks at. */
export const calm = { pingInterval: 25_000, pingTimeout: 20_000, connectTimeout: 20_000, recovery: false };

/** Starts a server for the tests of the file or `describe`; its address is `.url` once they run. */
export function useServer(times = {}) {
  const { pingInterval, pingTimeout, connectTimeout, recovery } = { ...calm, ...times };
  const args = ["--ping-interval", pingInterval, "--ping-timeout", pingTimeout, "--connect-timeout", connectTimeout];
  const used = { url: "", server: null };
  before(async () => {
    used.server = await ConformanceServer.start({ args: [...args.map(String), ...(recovery ? ["--recovery"] : [])] });
    used.url = used.server.url;
  });
  after(() => used.server?.dispose());
  return used;
}
