// Rules of the source tree that no compiler checks. Each is a pure function over file texts.

/** Rooms whose headers may show Asio; everybody else sees only the interfaces of base/loop.h. */
const asioRooms = new Set(["net", "runtime", "redis"]);
/** Rooms that wire everything together. */
const openRooms = new Set(["server", "cli"]);
const kMaxLines = 500;

/** The include table: room -> rooms it may include, read from `hawser_room(NAME DEPS …)` of src/CMakeLists.txt. */
export function includeTable(cmake) {
  const table = new Map();
  for (const [, body] of cmake.matchAll(/^hawser_room\(([^)]*)\)/gm)) {
    const words = body.split(/\s+/).filter(Boolean);
    const from = words.indexOf("DEPS") + 1;
    const rest = from === 0 ? [] : words.slice(from);
    const end = rest.findIndex((word) => /^[A-Z]+$/.test(word));
    table.set(words[0], new Set(end < 0 ? rest : rest.slice(0, end)));
  }
  return table;
}

function roomOf(path) {
  return /(?:^|\/)src\/(\w+)\//.exec(path)?.[1];
}

function* includes(text) {
  for (const match of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]/gm)) yield match[2];
}

export function forbiddenRooms({ path, text }, table) {
  const room = roomOf(path);
  const allowed = table.get(room);
  if (!allowed || openRooms.has(room)) return [];
  return [...includes(text)]
    .filter((include) => table.has(include.split("/")[0]))
    .filter((include) => include.split("/")[0] !== room && !allowed.has(include.split("/")[0]))
    .map((include) => `${path}: ${room} may not include "${include}"`);
}

export function asioInHeader({ path, text }) {
  if (!path.endsWith(".h") || asioRooms.has(roomOf(path))) return [];
  return [...includes(text)]
    .filter((include) => /^(boost\/)?(asio|beast)(\/|\.hpp)/.test(include))
    .map((include) => `${path}: a header of ${roomOf(path)} may not include <${include}>`);
}

export function unfinished({ path, text }) {
  return text
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => /\b(TODO|FIXME|XXX)\b/.test(line))
    .map(({ number }) => `${path}:${number}: unfinished`);
}

export function tooLong({ path, text }) {
  const lines = text.split("\n").length - 1;
  return lines > kMaxLines ? [`${path}: ${lines} lines; at most ${kMaxLines}`] : [];
}

/** A lock file must not bind an installation to the registry that its author happened to use. */
export function lockedHosts({ path, text }) {
  return Object.entries(JSON.parse(text).packages)
    .filter(([, entry]) => /^\w+:/.test(entry.resolved ?? ""))
    .map(([name]) => `${path}: ${name} names a host`);
}
