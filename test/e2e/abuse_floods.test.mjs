import { after, before, describe, test } from "node:test";
import { config, floods } from "./support/abuse/list.mjs";
import { attack } from "./support/abuse/target.mjs";
import { Server } from "./support/server.mjs";
import { nobodyLeft, Witness } from "./support/witness.mjs";

describe("abuse by floods", () => {
  let server;
  let witness;
  before(async () => {
    server = await Server.start({ config });
    witness = new Witness(server);
    await witness.undisturbed();
  });
  after(() => server.dispose());

  for (const one of floods) {
    test(one.name, async () => {
      await attack(server, one);
      await witness.undisturbed();
    });
  }

  test("nothing is left of it", async () => {
    await witness.leave();
    await nobodyLeft(server);
  });
});
