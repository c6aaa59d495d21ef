// The page: shows one view at a time, starts its module, and follows the live model.

import { Api, check } from "./api.js";

const MODULES = { try: "./try.js", score: "./score.js", live: "./live.js" };
const FIRST = "overview";
const MILLISECONDS_BETWEEN_LOOKS = 5000;
const MILLISECONDS_TO_SAVE = 60_000;
const NOT_MODIFIED = 304;
const UNAUTHORIZED = 401;

const api = new Api();
const main = document.querySelector("main");
const connection = document.getElementById("connection");
let shown = null;

/** A view: a section, and what its module may use. */
class View {
  #section;
  #isStarted = false;
  #wasVisible = false;
  #callbacks = [];

  constructor(section) {
    this.#section = section;
  }

  /** The parameters of this view's fragment, such as `#try?carat=0.5`. */
  parameters() {
    return shown === this ? split(location.hash).parameters : new URLSearchParams();
  }

  /** Replace the parameters, without a new entry in the history of the browser. */
  setParameters(parameters) {
    if (shown !== this) return;
    const text = String(parameters);
    history.replaceState(null, "", `#${this.#section.id}${text ? `?${text}` : ""}`);
  }

  onModelChange(callback) {
    api.onModelChange(callback);
  }

  /** Call back now, and whenever the view is shown and the tab is not hidden, or no longer. */
  onVisible(callback) {
    this.#callbacks.push(callback);
    callback(this.#isVisible());
  }

  get #page() {
    const page = { api };
    for (const name of ["parameters", "setParameters", "onModelChange", "onVisible"]) {
      page[name] = this[name].bind(this);
    }
    return page;
  }

  #isVisible() {
    return shown === this && !document.hidden;
  }

  /** Show or hide the section, and report a change. */
  update() {
    this.#section.hidden = shown !== this;
    if (this.#isVisible() === this.#wasVisible) return;
    this.#wasVisible = this.#isVisible();
    for (const callback of this.#callbacks) callback(this.#wasVisible);
  }

  /** Start the module when the view is shown for the first time. */
  async start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    try {
      const { start } = await import(MODULES[this.#section.id]);
      await start(this.#section, this.#page);
    } catch (error) {
      console.error(error);
      this.#showError(error);
    }
  }

  #showError(error) {
    const notice = Object.assign(document.createElement("div"), { className: "notice warning" });
    const name = Object.assign(document.createElement("p"), { className: "name" });
    const text = document.createElement("p");
    notice.setAttribute("role", "alert");
    name.textContent = "This view can't be shown. Load the page again to retry.";
    text.textContent = error.message;
    notice.append(name, text);
    this.#section.append(notice);
  }
}

const sections = [...main.querySelectorAll(":scope > section")];
const views = new Map(sections.map((section) => [section.id, new View(section)]));

/** Return the id and the parameters of a fragment. */
function split(fragment) {
  const [, id, query] = /^#?([^?]*)\??(.*)$/su.exec(fragment);
  return { id, parameters: new URLSearchParams(query) };
}

/** Show the view that the fragment names, or the view that holds the named element. */
function show() {
  const { id } = split(location.hash);
  const target = document.getElementById(id);
  const section = target?.closest("main > section") ?? document.getElementById(FIRST);
  shown = views.get(section.id);
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#${section.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.querySelector(".skip").hash = section.id;
  for (const view of views.values()) view.update();
  if (section.id in MODULES) shown.start();
  const details = target?.closest("details");
  if (details) details.open = true;
  if (target !== null && target !== section) target.scrollIntoView();
}

/** Keeps the header and the overview as the server has them, while the tab is not hidden. */
class Follower {
  #tag = null;
  #timer = null;
  #isLooking = false;

  async look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    clearTimeout(this.#timer);
    this.#timer = null;
    try {
      await this.#update();
      connection.replaceChildren();
    } catch (error) {
      sayWhy(error);
    }
    this.#isLooking = false;
    if (!document.hidden) this.#timer = setTimeout(() => this.look(), MILLISECONDS_BETWEEN_LOOKS);
  }

  async #update() {
    const headers = this.#tag === null ? {} : { "If-None-Match": this.#tag };
    const response = await api.request("page/overview", { headers, cache: "no-store" });
    if (response.status === NOT_MODIFIED) return;
    await check(response);
    replaceParts(await response.text());
    this.#tag = response.headers.get("ETag");
  }
}

/** Replace the elements that the server has rendered again; what was open or focused stays so. */
function replaceParts(text) {
  const focused = document.activeElement.closest("details[id] > summary")?.parentElement.id;
  const parsed = new DOMParser().parseFromString(text, "text/html");
  for (const part of [...parsed.body.children]) {
    const before = document.getElementById(part.id);
    if (before === null) continue;
    for (const details of before.querySelectorAll("details[open][id]")) {
      part.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
    }
    before.replaceWith(document.importNode(part, true));
  }
  document.getElementById(focused)?.querySelector("summary").focus({ preventScroll: true });
  document.title = document.getElementById("headline").dataset.title;
  addCopyButtons();
}

/** Put a button beside each command, where the browser lets a page copy. */
function addCopyButtons() {
  if (navigator.clipboard === undefined) return; // as on pages without TLS, except on localhost
  for (const command of document.querySelectorAll(".command:not(.copyable)")) {
    const text = command.textContent;
    const button = Object.assign(document.createElement("button"), { className: "copy" });
    Object.assign(button, { type: "button", textContent: "Copy", ariaLabel: `Copy ${text}` });
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    });
    command.classList.add("copyable");
    if (command.matches("pre")) command.append(button);
    else command.after(button);
  }
}

/** Save the report, which a link can't open with the key. */
async function saveReport(link) {
  const state = link.nextElementSibling;
  try {
    const response = await api.request("report");
    await check(response);
    const download = `report-${response.headers.get("X-Model-Id")}.html`;
    const href = URL.createObjectURL(await response.blob());
    Object.assign(document.createElement("a"), { href, download }).click();
    setTimeout(() => URL.revokeObjectURL(href), MILLISECONDS_TO_SAVE);
    state.textContent = ` (saved as ${download}, because a link can't send the API key)`;
  } catch (error) {
    state.textContent = ` (not saved: ${error.message})`;
  }
}

function sayWhy(error) {
  if (error.status !== UNAUTHORIZED) {
    const text = `${error.message} What the page shows may be out of date.`;
    // A screen reader would read the same text again.
    if (connection.textContent !== text) connection.replaceChildren(text);
    return;
  }
  const button = Object.assign(document.createElement("button"), { textContent: "Enter API key" });
  button.addEventListener("click", async () => (await api.enterKey()) && follower.look());
  connection.replaceChildren("The pipeline and the model are shown only with an API key. ", button);
}

const follower = new Follower();
api.onModelChange(() => follower.look());
addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => {
  for (const view of views.values()) view.update();
  if (!document.hidden) follower.look();
});
main.addEventListener("click", (event) => {
  const link = event.target.closest("#report-link");
  if (link === null || !api.hasKey) return;
  event.preventDefault();
  saveReport(link);
});
main.classList.add("started");
addCopyButtons();
show();
follower.look();
