// What is left when some jobs were deleted while the power failed: each is whole or gone.

const same = (one, other) => JSON.stringify({ ...one, round: 0, t: 0 }) === JSON.stringify({ ...other, round: 0, t: 0 });

export function checkDeletions(facts, report) {
  const before = readings(facts, 2);
  const left = readings(facts, 3);
  if (before.size > 0 && left.size === 0) return report("complete", "nobody looked at what is left after the deletions");
  const asked = new Map();
  const deleted = new Set();
  for (const fact of facts) {
    if (fact.e === "cmd" && fact.c === "purge") asked.set(fact.n, fact.j);
    if (fact.e === "ack" && fact.ok && asked.has(fact.n)) deleted.add(asked.get(fact.n));
  }
  // Ages are those of a clock that jumps, so any of them may be old enough.
  const maybe = new Set(facts.some(({ e }) => e === "aged") ? before.keys() : asked.values());
  for (const [job, log] of before) {
    const now = left.get(job);
    const gone = now?.code === "gone";
    if (deleted.has(job) && !gone) report("lost", `${job} was deleted and is there again`);
    else if (gone && !maybe.has(job)) report("lost", `${job} is gone, and nobody has deleted it`);
    else if (!gone && !same(log, now)) report("lost", `${job} is another one after deletions of others`);
  }
  for (const fact of facts) if (fact.e === "left") checkStream(fact, before, left, report);
}

function readings(facts, round) {
  return new Map(facts.filter(({ e, round: of }) => e === "log" && of === round).map((fact) => [fact.j, fact]));
}

/** Above the last deleted event nothing is missing, and below it nothing is told as if it were whole. */
function checkStream({ owner, floor, below, head, events, code }, before, left, report) {
  const own = [...before].filter(([, log]) => log.owner === owner);
  const positionOf = ([, position]) => position;
  const highest = (logs) => Math.max(0, ...logs.flatMap(([, log]) => (log.events ?? []).map(positionOf)));
  const gone = own.filter(([job]) => left.get(job)?.code === "gone");
  if (code) return report("lost", `the stream of ${owner} cannot be read from ${floor} on: ${code}`);
  if (floor !== highest(gone)) report("gap", `the stream of ${owner} begins behind ${floor}, not ${highest(gone)}`);
  if (floor > 0 && below !== "reset") report("gap", `${owner} is not told that there is a hole below ${floor}: ${below}`);
  if (head !== highest(own) || events !== head - floor)
    report("lost", `${owner} has ${events} events from ${floor} to ${head}, the highest was ${highest(own)}`);
}
