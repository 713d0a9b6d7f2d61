// What clients were told, connection by connection, against the logs.

export function checkConnections(facts, logs, report) {
  const clients = new Clients(logs, report);
  for (const fact of facts) {
    const connection = clients.byNumber.get(fact.c);
    switch (fact.e) {
      case "open": clients.open(fact); break;
      case "head": connection?.begin(fact, clients); break;
      case "see": connection ? connection.see(fact) : report("stream", `${fact.c} sees ${fact.j} before it is open`); break;
      case "ask": connection?.ask(fact); break;
      case "told": connection?.told(fact); break;
      case "synced": connection?.synced(fact); break;
      case "gone": connection?.end(); break;
      case "log": if (fact.round === 1) clients.expectAllKnown(); break;
    }
  }
}

class Clients {
  byNumber = new Map();
  devices = new Map();
  #logs;
  #report;
  #judged = false;
  constructor(logs, report) {
    this.#logs = logs;
    this.#report = report;
  }

  open(fact) {
    const device = this.devices.get(fact.device) ?? { seen: new Map(), keys: new Map() };
    this.devices.set(fact.device, device);
    if (fact.asked && !fact.recovered) this.#report("recovery", `${fact.device} comes back and its stream is not continued`);
    const connection = new Connection(fact, device, this.#logs, this.#report);
    this.byNumber.set(fact.c, connection);
    device.now = connection;
  }

  /** In the end everybody has been told everything. */
  expectAllKnown() {
    if (this.#judged) return;
    this.#judged = true;
    for (const [name, device] of this.devices) {
      if (!device.now?.isLive) this.#report("stuck", `${name} is not connected in the end`);
      else device.now.expectAllTold();
      for (const [job, log] of this.#logs.jobs) {
        if (log.owner !== device.now?.user) continue;
        const seen = device.seen.get(job)?.size ?? 0;
        if (seen < log.events.length) this.#report("untold", `${name} has seen ${seen} of the ${log.events.length} events of ${job}`);
      }
    }
  }
}

class Connection {
  isLive = true;
  user;
  #name;
  #device;
  #logs;
  #report;
  #recovered;
  #begun = false;
  #position = 0;
  #listed = {};
  #jobs = new Map();
  #asked = new Map();
  constructor({ c, user, device, recovered }, own, logs, report) {
    this.#name = `${device} (connection ${c})`;
    this.user = user;
    this.#device = own;
    this.#logs = logs;
    this.#report = report;
    this.#recovered = recovered;
  }

  /** The stream begins behind this position, and for the listed jobs behind their sequence. */
  begin({ p, listed }) {
    this.#begun = true;
    this.#position = p;
    this.#listed = listed;
    const before = this.#device.stream;
    this.#device.stream = this;
    if (this.#recovered && before) this.#continues(before);
  }

  #continues(before) {
    for (const [job, log] of this.#logs.jobs) {
      if (log.owner !== this.user) continue;
      const then = before.#job(job);
      const now = this.#job(job);
      // The offset tells of a replay once an event of it has come, and until another request takes its place.
      const replays = then.rewinding?.came && !before.#waitsFor(job);
      const owed = replays ? then.next : then.high + 1;
      if (now.next > owed) this.#report("recovery", `${this.#name}: ${job} goes on at ${now.next}, ${owed} was next`);
      if (!then.rewound && now.next < then.next)
        this.#report("recovery", `${this.#name}: ${job} is repeated from ${now.next}, ${then.next} was next`);
    }
  }

  #waitsFor(id) {
    return [...this.#asked.values()].some(({ what, j }) => j === id && (what === "sync" || what === "unsubscribe"));
  }

  #job(id) {
    let job = this.#jobs.get(id);
    if (!job) {
      const events = this.#logs.jobs.get(id)?.events ?? [];
      const behind = events.filter(({ position }) => position <= this.#position).length;
      const next = (this.#listed[id] ?? behind) + 1;
      job = { next, high: next - 1, rewinding: null, rewound: id in this.#listed, stopping: false };
      this.#jobs.set(id, job);
    }
    return job;
  }

  see({ j, s, k, h }) {
    const log = this.#logs.jobs.get(j);
    const event = log?.events[s - 1];
    if (!this.#begun) this.#report("stream", `${this.#name} sees ${j} ${s} before its stream begins`);
    if (!event || event.kind !== k || event.hash !== h)
      this.#report("denied", `${this.#name} saw ${j} ${s} as ${k}, the log has ${event?.kind ?? "nothing"}`);
    if (log && log.owner !== this.user) this.#report("foreign", `${this.#name} sees ${j} of ${log.owner}`);
    const job = this.#job(j);
    // unsubscribe:job gives a replay up when it arrives; its answer comes later.
    if (job.stopping && s !== job.next && s === job.high + 1) this.#stop(job);
    if (s !== job.next) this.#report("stream", `${this.#name} sees ${j} ${s}, ${job.next} was next`);
    if (job.rewinding) job.rewinding.came = true;
    job.next = s + 1;
    job.high = Math.max(job.high, s);
    const seen = this.#device.seen.get(j) ?? new Set();
    this.#device.seen.set(j, seen.add(s));
  }

  ask(fact) {
    this.#asked.set(fact.n, fact);
    if (fact.what === "sync") this.#job(fact.j).rewound = true;
    if (fact.what === "unsubscribe") this.#job(fact.j).stopping = true;
  }

  #stop(job) {
    job.stopping = false;
    if (!job.rewinding) return;
    job.rewinding = null;
    job.next = job.high + 1;
  }

  told({ n, code, j, bad }) {
    const ask = this.#asked.get(n);
    if (bad || !ask) return this.#report("answer", `${this.#name} is told what it did not ask (${n})`);
    this.#asked.delete(n);
    const owner = this.#logs.jobs.get(ask.j)?.owner;
    // Or nobody has looked: a later request took its place, the server was busy or is going.
    const unseen = ["not_found", "overloaded", "bad_request", "shutting_down"];
    if (ask.j && owner !== this.user && !unseen.includes(code))
      this.#report("foreign", `${this.#name} is told ${code ?? "ok"} for ${ask.what} of ${ask.j}`);
    if (ask.what === "start" && !code) this.#started(ask.key, j);
    if (ask.what === "sync") this.#synchronise(ask, code);
    if (ask.what === "unsubscribe") this.#stop(this.#job(ask.j));
  }

  #started(key, job) {
    const known = this.#device.keys.get(key) ?? job;
    if (known !== job) this.#report("idempotency", `${this.#name}: ${key} is ${known} and ${job}`);
    this.#device.keys.set(key, job);
    const log = this.#logs.jobs.get(job);
    if (!log || log.key !== key) this.#report("lost", `${this.#name} was told that ${key} has begun ${job}`);
  }

  #synchronise({ j, after }, code) {
    const job = this.#job(j);
    if (!code) {
      job.rewinding = { after, came: false };
      job.next = after + 1;
      job.high = Math.max(job.high, after);  // It says that it has those.
    } else if (job.rewinding) {
      job.rewinding = null;
      job.next = job.high + 1;
    }
  }

  synced({ j, count, after }) {
    const job = this.#job(j);
    if (!job.rewinding || job.rewinding.after !== after)
      return this.#report("stream", `${this.#name}: a replay of ${j} after ${after} is complete that nobody waits for`);
    job.rewinding = null;
    if (job.next <= job.high) this.#report("stream", `${this.#name}: the replay of ${j} ends at ${job.next - 1}, ${job.high} was seen`);
    if (job.next - 1 - after !== count) this.#report("stream", `${this.#name}: ${count} of ${j} are counted, ${job.next - 1 - after} came`);
  }

  end() {
    this.isLive = false;
  }

  expectAllTold() {
    if (!this.#begun) return this.#report("untold", `${this.#name} has no stream`);
    for (const [id, log] of this.#logs.jobs) {
      if (log.owner !== this.user) continue;
      const job = this.#job(id);
      if (job.next !== log.events.length + 1) this.#report("untold", `${this.#name} waits for ${id} ${job.next} of ${log.events.length}`);
      if (job.rewinding) this.#report("untold", `${this.#name} waits for the end of a replay of ${id}`);
    }
    for (const { what, j } of this.#asked.values()) this.#report("answer", `${this.#name} has no answer to ${what} ${j ?? ""}`);
  }
}
