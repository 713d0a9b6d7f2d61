import { io, type Socket } from "socket.io-client";

export type ConnectionState = "online" | "connecting" | "reconnecting" | "offline" | "unauthorized";

/** The three sentences with which the server refuses a token (docs/protocol.md). */
const kRefusals = new Set([
  "Authentication token required",
  "Authentication failed",
  "Invalid token: missing userId",
]);

/** Before asking again where the client library would not: after a final close, or a refusal that may pass. */
const kRetryMillis = 2000;

/**
 * Opens the connection and tells its true state: `online` only once the server has accepted us, `offline` when the
 * device has no network, `unauthorized` when trying again with the same token would be in vain.
 */
export function openConnection(token: string, onState: (state: ConnectionState, reason: string) => void): Socket {
  const socket = io({
    auth: { token },
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 250,
    reconnectionDelayMax: 2000,
  });
  let greeted = false;
  const trying = (): ConnectionState => {
    if (!navigator.onLine) return "offline";
    return greeted ? "reconnecting" : "connecting";
  };
  const retry = (): void => {
    if (!socket.active) setTimeout(() => socket.connect(), kRetryMillis);
  };

  socket.on("connected", () => {
    greeted = true;
    onState("online", "");
  });
  socket.on("disconnect", () => {
    onState(trying(), "");
    retry();
  });
  socket.on("connect_error", (error) => {
    if (kRefusals.has(error.message)) return onState("unauthorized", error.message);
    onState(trying(), "");
    retry();
  });
  addEventListener("offline", () => onState("offline", ""));
  addEventListener("online", () => {
    if (!socket.connected) onState(trying(), "");
  });
  onState(trying(), "");
  return socket;
}
