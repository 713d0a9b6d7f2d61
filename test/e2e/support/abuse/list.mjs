// The attacks that the server must take without notice, each with the answer that it is promised.

import { floods } from "./floods.mjs";
import { frames } from "./frames.mjs";
import { http } from "./http.mjs";
import { packets } from "./packets.mjs";
import { strangers } from "./strangers.mjs";

/** `alone`: it looks at what all connections hold together. */
export const themes = { frames, packets, http, floods, strangers };

/** Settings under which what waits for a timeout does not take the time of a person. */
export const config = `
[server]
request_timeout_ms = 1500
[engine]
connect_timeout_ms = 3000
ping_interval_ms = 3000
ping_timeout_ms = 3000
`;
