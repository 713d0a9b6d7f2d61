// What the store says at the end, twice: before and after a last loss of power.

const kEndings = { "job:completed": "completed", "job:failed": "failed", "job:cancelled": "cancelled" };

/** `[sequence, position, kind, attempt, tag, hash]` as an object. */
function eventOf([sequence, position, kind, attempt, tag, hash]) {
  return { sequence, position, kind, attempt, tag, hash };
}

/** Logs by job and streams by owner, from the last reading; both readings must agree. */
export function readLogs(facts, report) {
  const readings = [1, 2].map((round) => {
    const jobs = new Map();
    const streams = new Map();
    for (const fact of facts) {
      if (fact.round !== round) continue;
      if (fact.e === "log") jobs.set(fact.j, { ...fact, events: (fact.events ?? []).map(eventOf) });
      if (fact.e === "stream") streams.set(fact.owner, fact);
    }
    return { jobs, streams };
  });
  const [first, second] = readings;
  for (const [job, log] of first.jobs) {
    const later = second.jobs.get(job);
    if (JSON.stringify({ ...log, round: 0, t: 0 }) !== JSON.stringify({ ...later, round: 0, t: 0 }))
      report("lost", `${job} is another one after the last loss of power`);
  }
  for (const [owner, stream] of first.streams) {
    if (JSON.stringify(stream.events) !== JSON.stringify(second.streams.get(owner)?.events))
      report("lost", `the stream of ${owner} is another one after the last loss of power`);
  }
  return first;
}

/** Each log by itself, and the streams of the owners over them. */
export function checkLogs({ jobs, streams }, report) {
  for (const [job, log] of jobs) {
    if (log.code) {
      report("lost", `${job} cannot be read: ${log.code}`);
      continue;
    }
    checkNumbers(job, log, report);
    checkSeries(job, log, report);
    checkWriters(job, log, report);
    checkOutput(job, log, report);
    if (log.active) report("stuck", `${job} is ${log.state} and has not ended`);
  }
  for (const [owner, stream] of streams) checkStream(owner, stream, jobs, report);
}

function checkNumbers(job, { events, head }, report) {
  events.forEach(({ sequence }, index) => {
    if (sequence !== index + 1) report("sequence", `${job} has ${sequence} at place ${index + 1}`);
  });
  if (events.length !== head) report("sequence", `${job} has ${events.length} events and a head of ${head}`);
}

function checkStream(owner, stream, jobs, report) {
  if (stream.code) return report("lost", `the stream of ${owner} cannot be read: ${stream.code}`);
  const total = [...jobs.values()].filter((log) => log.owner === owner).reduce((sum, log) => sum + log.events.length, 0);
  if (stream.events.length !== total || stream.head !== total)
    report("sequence", `${owner} has ${stream.events.length} positions, head ${stream.head}, and ${total} events`);
  stream.events.forEach(([position, job, sequence], index) => {
    if (position !== index + 1) report("sequence", `${owner} has position ${position} at place ${index + 1}`);
    if (jobs.get(job)?.events[sequence - 1]?.position !== position)
      report("sequence", `${owner} has ${job} ${sequence} at position ${position}, its log has not`);
  });
}

/** Started once; one ending a series; after a failure only job:resumed, after the others nothing. */
function checkSeries(job, { events, state }, report) {
  let ended;
  let attempt = 0;
  for (const { sequence, kind, tag } of events) {
    const resumed = kind === "job:resumed";
    if (ended && !(ended === "failed" && resumed)) report("terminal", `${job} has ${kind} ${sequence} after it ${ended}`);
    if ((kind === "job:started") !== (sequence === 1 && kind !== "job:cancelled"))
      report("terminal", `${job} has ${kind} at ${sequence}`);
    if (kind === "job:started") attempt = 1;
    if (resumed && JSON.parse(tag).attempt !== ++attempt) report("terminal", `${job} ${sequence} is not attempt ${attempt}`);
    ended = kEndings[kind] ?? (resumed ? undefined : ended);
  }
  if (ended && ended !== state) report("terminal", `${job} is ${state}, its log says ${ended}`);
  if (!ended && ["completed", "failed", "cancelled"].includes(state)) report("terminal", `${job} is ${state} without an ending`);
}

/** The writer of a chunk: `c<number>.<epoch>`. */
export function chunkOf(tag) {
  const [, number, epoch] = /^c(\d+)\.(\d+)$/.exec(tag) ?? [];
  return { number: Number(number), epoch: Number(epoch) };
}

/** Between two beginnings only one epoch writes, and none below an earlier one; nothing is written twice. */
function checkWriters(job, { events }, report) {
  const written = new Set();
  let epoch = 0;
  let begun = true;
  for (const { sequence, kind, tag } of events) {
    if (kind === "job:started" || kind === "job:resumed") begun = true;
    if (kind !== "job:chunk") continue;
    const writer = chunkOf(tag).epoch;
    if (writer < epoch || (writer > epoch && !begun)) report("fencing", `${job} ${sequence} is of epoch ${writer} after ${epoch}`);
    if (writer === epoch && begun && written.size > 0) report("fencing", `${job} ${sequence}: epoch ${writer} has begun twice`);
    if (written.has(tag)) report("duplicate", `${job} has ${tag} twice`);
    written.add(tag);
    epoch = writer;
    begun = false;
  }
}

/** What stands in the end is the output from its first chunk on, each once; all of it when the job is completed. */
function checkOutput(job, { events, plan, state }, report) {
  let standing = [];
  for (const { sequence, kind, tag } of events) {
    if (kind === "job:chunk") standing.push({ sequence, ...chunkOf(tag) });
    if (kind === "job:resumed") {
      const { keepThrough } = JSON.parse(tag);
      standing = standing.filter((chunk) => chunk.sequence <= keepThrough);
    }
  }
  standing.forEach(({ number }, index) => {
    if (number !== index + 1) report("output", `${job} has chunk ${number} at place ${index + 1}`);
  });
  if (state === "completed" && standing.length !== plan.chunks)
    report("output", `${job} is completed with ${standing.length} of ${plan.chunks} chunks`);
}
