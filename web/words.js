// How the console says things: numbers, ages and the interface's fixed words. Pure functions.

/** The invite code in an address's fragment (#join=ntm1...), as a scanned QR code opens it; null where there is none. */
export function inviteIn(hash) {
  return /^#join=(ntm1[A-Za-z0-9_-]{1,4092})$/.exec(hash)?.[1] ?? null;
}

/** "3 s", "5 min 2 s", "2 h 5 min", "3 d 4 h" from milliseconds. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(1)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

export function roundTrip(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "not measured";
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

export function traffic(received, sent) {
  return `received ${bytes(received)}, sent ${bytes(sent)}`;
}

/** How a peer is reached: [words, class of the mark]. */
export function way(peer) {
  if (!peer.established) return ["no tunnel now", "none"];
  return peer.direct ? ["direct", "good"] : ["through a relay", "fair"];
}

const kinds = {
  relay: "through the relay",
  local: "the other home's own address",
  mapped: "the other home's address behind its NAT",
  "port-mapped": "a port that the other home's router has opened",
  "peer-reflexive": "an address its check came from",
};

export function kind(path) {
  return kinds[path.kind] ?? path.kind;
}

const pathMarks = { used: "good", proven: "good", checking: "none", unproven: "none", suspect: "fair", failed: "bad" };

export function pathMark(path) {
  return pathMarks[path.state] ?? "none";
}

const pathOrder = ["used", "proven", "suspect", "checking", "unproven", "failed"];

/** The used path first, then by what is known of them. */
export function byState(paths) {
  const rank = (path) => (pathOrder.indexOf(path.state) + pathOrder.length + 1) % (pathOrder.length + 1);
  return [...paths].sort((a, b) => rank(a) - rank(b));
}

/** A peer's reason without the word that the mark beside it says already. */
export function why(peer) {
  return peer.reason.replace(/^(direct|relay): /, "");
}
