import type { Socket } from "socket.io-client";
import { openConnection, type ConnectionState } from "./connection";
import { HitList } from "./hit_list";
import { JobStream, type JobRequest } from "./job_stream";
import { forgetToken, loadJob, saveJob, takeToken } from "./storage";
import { SearchView } from "./search_view";

function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as T;
}

const badge = byId<HTMLParagraphElement>("badge");
const form = byId<HTMLFormElement>("search");
const query = byId<HTMLInputElement>("query");
const view = new SearchView({
  section: byId("job"),
  state: byId("state"),
  progress: byId<HTMLProgressElement>("progress"),
  count: byId("count"),
  detail: byId("detail"),
  error: byId("error"),
  cancel: byId<HTMLButtonElement>("cancel"),
  hits: new HitList(byId<HTMLOListElement>("hits")),
});
let stream: JobStream | null = null;

function showConnection(state: ConnectionState, reason: string): void {
  badge.dataset["state"] = state;
  badge.textContent = state;
  view.setLive(state === "online");
  if (state === "unauthorized") {
    forgetToken();
    showSignedOut(`The server refused the token of this tab: ${reason}.`);
  }
}

function showSignedOut(reason: string): void {
  form.hidden = true;
  byId("hint").hidden = true;
  byId("signed-out-reason").textContent = reason;
  byId("signed-out").hidden = false;
}

function follow(socket: Socket, request: JobRequest): void {
  stream?.close();
  byId("hint").hidden = true;
  view.begin(request.query);
  saveJob(request);
  stream = new JobStream(socket, request, view.listener(() => saveJob(request)));
}

function newKey(): string {
  // crypto.randomUUID exists on secure origins only; a page on plain http in a local network must work too.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function run(token: string): void {
  form.hidden = false;
  const socket = openConnection(token, showConnection);
  socket.on("server:shutdown", () => view.announceRestart());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = query.value.trim();
    if (text) follow(socket, { query: text, key: newKey(), jobId: null });
  });
  view.onCancel(() => stream?.cancel());

  const saved = loadJob();
  if (saved) {
    query.value = saved.query;
    follow(socket, saved);
  } else {
    byId("hint").hidden = false;
    query.focus();
  }
}

// A new token in the address of an open tab: begin again with it.
addEventListener("hashchange", () => {
  if (takeToken()) location.reload();
});

const token = takeToken();
if (token) {
  run(token);
} else {
  badge.dataset["state"] = "unauthorized";
  badge.textContent = "signed out";
  showSignedOut("This tab has no token yet.");
}
