// The console's first page: a live picture of the gateway through its documented HTTP interface (docs/http.md), and nothing else.
// Text from the gateway is only ever inserted as text. Lists are updated in place, so that focus and half-typed names survive.

import { byState, bytes, inviteIn, kind, pathMark, roundTrip, span, traffic, way, why } from "/words.js";

const $ = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function mark(element, [words, quality]) {
  say(element, words);
  element.className = `state ${quality}`;
}

/** Makes the children of a container those of the items, keeping the elements of items that stay. */
function keep(container, items, keyOf, make, update, nothing) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = `item ${keyOf(item)}`;
    let element = old.get(key);
    if (!element) {
      element = make(item);
      element.dataset.key = key;
    }
    old.delete(key);
    update(element, item);
    return element;
  });
  if (wanted.length === 0) {
    const empty = old.get("nothing") ?? el(container.tagName === "UL" ? "li" : "p", { class: "empty quiet" }, nothing);
    empty.dataset.key = "nothing";
    old.delete("nothing");
    wanted.push(empty);
  }
  for (const gone of old.values()) gone.remove();
  wanted.forEach((element, index) => {
    if (container.children[index] !== element) container.insertBefore(element, container.children[index] ?? null);
  });
}

/** Fills a definition list; a value may be text or several lines of text. */
function facts(list, rows) {
  const said = JSON.stringify(rows.map(([name, value]) => [name, value instanceof Moment ? value.at : value]));
  if (list.dataset.said === said) return;
  list.dataset.said = said;
  list.replaceChildren(...rows.flatMap(([name, value]) => [el("dt", {}, name), definition(value)]));
}

function definition(value) {
  if (value instanceof Moment) return value.element("dd");
  const dd = el("dd");
  if (Array.isArray(value)) dd.append(...value.map((line) => el("span", {}, line)));
  else dd.append(value);
  return dd;
}

/** A point in time that is shown as an age and grows by itself. */
class Moment {
  constructor(ageMs, before = "", after = " ago") {
    this.at = ageMs === null ? null : Math.round((Date.now() - ageMs) / 1000) * 1000;
    this.before = before;
    this.after = after;
  }

  element(tag = "span") {
    const element = el(tag);
    this.show(element);
    return element;
  }

  show(element) {
    if (this.at === null) {
      delete element.dataset.at;
      say(element, `${this.before}never`);
      return;
    }
    element.dataset.at = this.at;
    element.dataset.before = this.before;
    element.dataset.after = this.after;
    say(element, `${this.before}${span(Date.now() - this.at)}${this.after}`);
  }
}

setInterval(() => {
  for (const element of document.querySelectorAll("[data-at]")) {
    say(element, `${element.dataset.before}${span(Date.now() - Number(element.dataset.at))}${element.dataset.after}`);
  }
}, 1000);

// ---- asking the gateway to do something

async function order(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(`/api/v1/${path}`, options);
    const document = await answer.json();
    return answer.ok ? [true, document.sentence] : [false, `${document.title}. ${document.detail}`];
  } catch {
    return [false, "The gateway did not answer. Is it running?"];
  }
}

/** Runs an order with its button out of reach, and says what came of it. */
async function ordered(button, said, run) {
  button.disabled = true;
  const [good, sentence] = await run();
  button.disabled = false;
  said.className = `said ${good ? "good" : "bad"}`;
  said.textContent = sentence;
  return good;
}

$("join-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = $("join-code").value.replace(/\s+/g, "");
  const name = $("join-name").value.trim();
  const said = $("join-said");
  said.className = "said";
  said.textContent = "Joining…";
  await ordered(event.submitter ?? event.target.querySelector("button"), said, () => order("POST", "join", name ? { code, name } : { code }));
});

// An invite that came with the address (a scanned QR code) is filled in, and taken out of the address bar and the history: it is a secret. Joining is the owner's to do.
function takeInvite() {
  if (!location.hash.startsWith("#join=")) return;
  const code = inviteIn(location.hash);
  history.replaceState(null, "", location.pathname + location.search);
  const said = $("join-said");
  said.className = code ? "said" : "said bad";
  said.textContent = code ? "The invite came with the link that was opened. Join only if you asked for it." : "The link that was opened holds no whole invite code. Scan it again, or paste the code.";
  if (code) $("join-code").value = code;
}

addEventListener("hashchange", takeInvite);
takeInvite();

// ---- the picture

function showMember(status) {
  const member = status.member;
  $("join").hidden = member !== null;
  $("servers-section").hidden = member === null;
  say($("home"), member ? member.node : "A home without a zone");
  document.title = member ? `${member.node} · NTM Gateway` : "NTM Gateway";
  say($("membership"), !member ? status.removed ?? "It can route to the Internet, and to no other home."
    : member.registered ? `Registered in ${member.zone}: the zone's other homes can find it.`
      : `Not registered in ${member.zone}: ${member.reason}`);

  const servers = member
    ? [...member.coordinators.map((server) => ["Coordinator", server]), ...member.relays.map((server) => ["Relay", server])]
    : [];
  keep($("servers"), servers, ([role, server]) => role + server.publicKey, makeServer, updateServer, "None is known.");

  const about = [["Version", status.version], ["Running for", new Moment(status.uptimeSeconds * 1000, "", "")]];
  if (member) about.push(["Zone", member.zone], ["Virtual address", member.vip], ["Public key", member.publicKey]);
  facts($("about"), about);

  const counted = Object.entries(status.counters).filter(([, count]) => count !== 0).sort();
  $("counted").hidden = counted.length === 0;
  facts($("counters"), counted.map(([reason, count]) => [reason, String(count)]));
}

function makeServer([role]) {
  return el("li", {},
    el("div", {}, el("div", { class: "title" }), el("div", { class: "sub" }, role)),
    el("div", { class: "sub" }, el("div", { class: "mono address" }), el("div", { class: "heard" })),
    el("div", { class: "side" }, el("span")));
}

function updateServer(row, [, server]) {
  say(row.querySelector(".title"), server.name);
  say(row.querySelector(".address"), server.address);
  new Moment(server.lastHeardMs, "heard ").show(row.querySelector(".heard"));
  mark(row.querySelector(".side span"), server.connected ? ["connected", "good"] : ["not connected", "bad"]);
}

function makeUplink() {
  return el("article", { class: "card" }, el("div", { class: "head" }, el("h3"), el("span")), el("p", { class: "reason" }), el("dl"));
}

function updateUplink(card, uplink) {
  say(card.querySelector("h3"), uplink.name);
  mark(card.querySelector(".head span"), [uplink.state, uplink.state === "usable" ? "good" : "bad"]);
  say(card.querySelector(".reason"), uplink.reason);
  facts(card.querySelector("dl"), [
    ["Addresses", uplink.addresses.length ? uplink.addresses : "none"],
    ["Seen from outside as", uplink.mapped.length ? uplink.mapped.map((one) => `${one.address} by the ${one.seenBy}`) : "not known yet"],
    ["NAT", uplink.nat],
    ...uplink.ports.map((port) => [`${port.family} port`, port.sentence]),
    ["Traffic", traffic(uplink.bytesReceived, uplink.bytesSent)],
  ]);
}

function makePeer() {
  const table = el("table", { class: "paths" },
    el("thead", {}, el("tr", {}, ...["Path", "To", "Round trip", "Traffic", "Why"].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody"));
  return el("article", { class: "card" }, el("div", { class: "head" }, el("h3"), el("span")), el("p", { class: "reason" }), el("dl"), table);
}

function updatePeer(card, peer) {
  say(card.querySelector("h3"), peer.name);
  mark(card.querySelector(".head span"), way(peer));
  say(card.querySelector(".reason"), why(peer));
  const rows = [
    ["Last heard", new Moment(peer.lastReceivedMs)],
    ["Traffic", traffic(peer.bytesReceived, peer.bytesSent)],
    ["Virtual address", peer.vip],
  ];
  if (peer.aliases.length) rows.push(["Known here as", peer.aliases.map((one) => `${one.alias} stands for ${one.name ?? one.vip}`)]);
  facts(card.querySelector("dl"), rows);

  const table = card.querySelector("table");
  table.hidden = peer.paths.length === 0;
  keep(table.tBodies[0], byState(peer.paths), (path) => `${path.uplink} ${path.address} ${path.channel}`, makePath, updatePath, "No path is known.");
}

function makePath() {
  return el("tr", {},
    el("td", {}, el("span")),
    el("td", {}, el("span", { class: "mono" }), el("small")),
    el("td", { "data-label": "Round trip" }),
    el("td", { class: "traffic", "data-label": "Traffic" }, el("span"), el("span")),
    el("td", { class: "why" }));
}

function updatePath(row, path) {
  row.classList.toggle("used", path.state === "used");
  mark(row.cells[0].firstChild, [path.state, pathMark(path)]);
  say(row.cells[1].children[0], path.address);
  say(row.cells[1].children[1], `${kind(path)}, over ${path.uplink}${path.channel ? `, channel ${path.channel}` : ""}${path.state === "used" ? `, MTU ${path.mtu} (${path.mtuReason})` : ""}`);
  say(row.cells[2], roundTrip(path.roundTripMs));
  say(row.cells[3].children[0], `${bytes(path.bytesReceived)} in`);
  say(row.cells[3].children[1], `${bytes(path.bytesSent)} out`);
  say(row.cells[4], why(path));
}

function makeDevice(device) {
  const mac = device.mac;
  const inputId = `name-${mac.replaceAll(":", "")}`;
  const input = el("input", {
    id: inputId, maxlength: "63", required: "", spellcheck: "false", autocapitalize: "off", placeholder: "nas",
    pattern: "[a-z0-9]([a-z0-9\\-]*[a-z0-9])?", title: "a to z, 0 to 9 and inner hyphens",
  });
  const publish = el("button", { type: "button", class: "open" }, "Publish");
  const unpublish = el("button", { type: "button", class: "take" }, "Unpublish");
  const send = el("button", { type: "submit", class: "primary" }, "Publish");
  const cancel = el("button", { type: "button" }, "Cancel");
  const form = el("form", { class: "name-form", hidden: "", autocomplete: "off" }, el("label", { for: inputId }, "Name"), input, send, cancel);
  const row = el("li", {},
    el("div", {}, el("div", { class: "title" }), el("div", { class: "sub mono macs" })),
    el("div", { class: "sub" }, el("div", { class: "mono addresses" }), el("div", { class: "seen" })),
    el("div", { class: "side" }, publish, unpublish), form);

  const close = () => {
    form.hidden = true;
    publish.setAttribute("aria-expanded", "false");
    publish.focus();
  };
  publish.setAttribute("aria-expanded", "false");
  publish.addEventListener("click", () => {
    form.hidden = !form.hidden;
    publish.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) {
      if (!input.value) input.value = row.dataset.hint ?? "";
      input.focus();
    }
  });
  cancel.addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const path = `devices/${encodeURIComponent(mac)}/name`;
    if (await ordered(send, $("devices-said"), () => order("PUT", path, { name: input.value.trim().toLowerCase() }))) close();
  });
  unpublish.addEventListener("click", () => ordered(unpublish, $("devices-said"), () => order("DELETE", `devices/${encodeURIComponent(mac)}/name`)));
  return row;
}

function updateDevice(row, device) {
  const title = row.querySelector(".title");
  say(title, device.published ? device.fullName ?? device.name : device.hint ? `not published; it calls itself ${device.hint}` : "not published");
  say(row.querySelector(".macs"), device.macs.join(", "));
  if (device.hint) row.dataset.hint = device.hint;
  title.classList.toggle("unnamed", !device.published);
  say(row.querySelector(".addresses"), device.addresses.length ? device.addresses.join(", ") : "no address known");
  new Moment(device.lastSeenMs, "seen ").show(row.querySelector(".seen"));
  const [open, take] = [row.querySelector(".open"), row.querySelector(".take")];
  say(open, device.published ? "Rename" : "Publish");
  open.setAttribute("aria-label", `${device.published ? "Rename" : "Publish"} the device ${device.name ?? device.mac}`);
  take.hidden = !device.published;
  take.setAttribute("aria-label", `Unpublish the device ${device.name ?? device.mac}`);
}

function show(picture) {
  showMember(picture.status);
  keep($("uplinks"), picture.status.uplinks, (uplink) => uplink.name, makeUplink, updateUplink, "No uplink is configured.");
  keep($("peers"), picture.peers, (peer) => peer.publicKey, makePeer, updatePeer,
    "No tunnel with another home yet. One is made when a device here asks for a name there.");
  keep($("devices"), picture.devices, (device) => device.mac, makeDevice, updateDevice,
    "No device has been seen yet. One shows up when it sends something through the gateway.");
}

// ---- staying connected: the browser's EventSource tries again by itself, except after a refusal

function watch() {
  const events = new EventSource("/api/v1/events");
  const link = $("link");
  events.addEventListener("picture", (event) => {
    document.body.classList.remove("lost");
    link.className = "link";
    say(link, "Live");
    show(JSON.parse(event.data));
  });
  events.addEventListener("error", () => {
    document.body.classList.add("lost");
    link.className = "link lost";
    say(link, "The gateway does not answer. What is shown is old; trying again…");
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(watch, 3000);
    }
  });
}

watch();
