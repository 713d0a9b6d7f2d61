// A stock socket.io-client and the whole resume logic that it needs.
//   node examples/stream.mjs URL TOKEN QUERY
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { io } from "socket.io-client";

/** Runs a job and hands over each of its events once and in order, whatever happens to the line or the server. */
export function stream(url, token, type, input, onEvent) {
  const socket = io(url, { auth: { token } });
  const start = { type, input, idempotencyKey: randomUUID() };
  let jobId;
  let last = 0;
  socket.on("connect", () => {
    // The same key is the same job: asking again after a lost answer starts nothing twice.
    socket.emit("start:job", start, (answer) => {
      if (answer.error) return onEvent("error", answer);
      jobId = answer.jobId;
      socket.emit("reconnect:sync", { jobId, lastSequence: last });
    });
  });
  socket.onAny((name, event) => {
    if (event?.jobId !== jobId || event.sequence !== last + 1) return;
    last = event.sequence;
    onEvent(name, event.payload);
  });
  return socket;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [url, token, query] = process.argv.slice(2);
  const socket = stream(url, token, "search", { query }, (name, payload) => {
    if (name === "job:chunk") console.log(`${payload.chunk.file}:${payload.chunk.line}: ${payload.chunk.snippet.join("")}`);
    if (name === "error") console.error(payload.error);
    if (["error", "job:completed", "job:failed", "job:cancelled"].includes(name)) socket.close();
  });
  socket.on("connect_error", (error) => socket.active || console.error(error.message));
}
