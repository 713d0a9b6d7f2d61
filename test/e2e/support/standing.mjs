import assert from "node:assert/strict";

/**
 * What a client keeps of a job's events, which are all there are: the chunks that no `job:resumed` has withdrawn.
 * @param {{name: string, body: object}[]} events
 */
export function standing(events) {
  let chunks = [];
  events.forEach(({ name, body }, index) => {
    assert.equal(body.sequence, index + 1, "no hole, no repeat, in order");
    if (name === "job:resumed") chunks = chunks.filter(({ sequence }) => sequence <= body.payload.keepThrough);
    if (name === "job:chunk") chunks.push({ sequence: body.sequence, chunk: body.payload.chunk });
  });
  return chunks.map(({ chunk }) => chunk);
}
