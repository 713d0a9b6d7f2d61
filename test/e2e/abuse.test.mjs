import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { config, themes } from "./support/abuse/list.mjs";
import { attack } from "./support/abuse/target.mjs";
import { Server } from "./support/server.mjs";
import { nobodyLeft, Witness } from "./support/witness.mjs";

const kRounds = 3;
const kAtATime = 6;
/** What memory may differ after the last round from after the one before. */
const kTolerance = 0.1;

let server;
before(async () => {
  server = await Server.start({ config });
});
after(() => server.dispose());

const residentKib = [];

for (let round = 1; round <= kRounds; round += 1) {
  describe(`abuse, round ${round}`, () => {
    let witness;
    before(async () => {
      witness = new Witness(server);
      await witness.undisturbed();
    });
    after(() => witness.leave());

    const run = (one) =>
      test(one.name, async () => {
        await attack(server, one);
        await witness.undisturbed();
      });
    for (const [theme, attacks] of Object.entries(themes)) {
      describe(theme, { concurrency: kAtATime }, () => attacks.filter(({ alone }) => !alone).forEach(run));
      describe(`${theme}, one at a time`, () => attacks.filter(({ alone }) => alone).forEach(run));
    }
  });

  test(`nothing is left of round ${round}`, async () => {
    await nobodyLeft(server);
    residentKib.push(server.memory("VmRSS"));
  });
}

test("memory does not grow from round to round", (t) => {
  const [before, last] = residentKib.slice(-2);
  t.diagnostic(`${residentKib.join(", ")} KiB after each round`);
  assert.ok(Math.abs(last - before) <= kTolerance * before);
});
