import { io } from "socket.io-client";
import type { Connect } from "./line.js";

/** The library says "websocket error"; what lies below it says what to do about it. */
function reasonOf(error: Error): string {
  const { description, context } = error as { description?: { message?: string } | number; context?: { responseText?: string } };
  const below = typeof description === "object" ? description?.message : context?.responseText;
  return below ? `${error.message}: ${below}` : error.message;
}

/** Connections of stock socket.io-client to the namespace /workers. Coming back is up to the caller. */
export function socketConnect(url: string, socketOptions: Record<string, unknown>): Connect {
  const address = new URL("/workers", url).href;
  return (token, listener) => {
    const options = { transports: ["websocket"], ...socketOptions, auth: { token }, forceNew: true, reconnection: false };
    const socket = io(address, options);
    let over = false;
    const down = (reason: string, refused: boolean) => {
      if (over) return;
      over = true;
      socket.disconnect();
      listener.down(reason, refused);
    };
    // A socket that the server refused is not active any more; one whose connection failed is.
    socket.on("connect_error", (error) => down(reasonOf(error), !socket.active));
    socket.on("disconnect", (reason) => down(reason, false));
    socket.onAny((name: string, arg: unknown) => over || listener.event(name, arg));
    return {
      request: (event, arg, answer) => void socket.emit(event, arg, (ack: unknown) => over || answer(ack)),
      close: () => {
        over = true;
        socket.disconnect();
      },
    };
  };
}
