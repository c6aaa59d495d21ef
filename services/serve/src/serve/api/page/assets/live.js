// The view "Live": what the server answered in the last hour. It asks every two seconds while it is seen.

import { Figure, clock, shortId } from "./charts.js";
import { ColumnTable, PredictionTable } from "./distributions.js";
import { copy, element } from "./dom.js";
import { Hour, Rates, SECONDS_OF_RATE, bucketSum, dayAndTime, duration, quantile, rateText, sumOf, total } from "./hour.js";
import { errorChart, latencyChart, requestChart, rowChart } from "./live-charts.js";
import { shown } from "./numbers.js";

const MILLISECONDS_BETWEEN_POLLS = 2000;
const MAX_MILLISECONDS = 10_000; // A server that takes longer does not answer.
const MINUTES_OF_LATENCY = 5;
const NO_CONNECTION = 0;

/** Fill the section, and keep it up to date while it is visible. */
export async function start(section, page) {
  const view = new View(section);
  const poller = new Poller(page.api, view);
  page.onVisible((isVisible) => (isVisible ? poller.start() : poller.stop()));
  page.onModelChange(() => poller.look());
}

/** Asks for the figures every two seconds. */
class Poller {
  #api;
  #view;
  #timer = null;
  #isRunning = false;
  #isAsking = false;

  constructor(api, view) {
    this.#api = api;
    this.#view = view;
  }

  start() {
    this.#isRunning = true;
    this.look();
  }

  stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  async look() {
    if (!this.#isRunning || this.#isAsking) return;
    clearTimeout(this.#timer);
    this.#isAsking = true;
    let [live, failure] = [null, null];
    try {
      live = await this.#api.get("page/live", { signal: AbortSignal.timeout(MAX_MILLISECONDS) });
    } catch (error) {
      failure = error;
    }
    this.#isAsking = false;
    if (this.#isRunning) this.#timer = setTimeout(() => this.look(), MILLISECONDS_BETWEEN_POLLS);
    if (failure === null) this.#view.show(live);
    else this.#view.showError(failure);
  }
}

/** The elements of the view. */
class View {
  #notice = element("div", { className: "notice warning", role: "status", hidden: true });
  #lead = element("p", { className: "live-lead", textContent: "Asking the server …" });
  #tiles = element("ul", { className: "tiles" });
  #empty = new EmptyNotice();
  #content = element("div", { hidden: true });
  #requests = new Figure("Requests per second");
  #latency = new Figure("Latency");
  #errors = new Figure("Failed and refused requests");
  #rows = new Figure("Rows per second");
  #predictions = new PredictionTable();
  #columns = new ColumnTable();
  #rates = new Rates();
  #answered = null;
  #state = null;

  constructor(section) {
    const charts = [this.#requests, this.#latency, this.#errors, this.#rows].map((figure) => figure.element);
    const figures = element("div", { className: "figures live-figures" }, ...charts);
    const tables = element("div", { className: "live-tables" }, this.#predictions.element, this.#columns.element);
    this.#content.append(this.#tiles, figures, this.#predictions.choice, tables);
    section.append(this.#lead, this.#notice, this.#empty.element, this.#content);
    this.#predictions.onChoice((model) => this.#columns.choose(model));
  }

  show(live) {
    this.#answered = live.time;
    this.#notice.hidden = true;
    this.#content.classList.remove("stale");
    const hour = new Hour(live);
    this.#rates.add(live);
    this.#lead.replaceChildren(...leadOf(live, hour));
    this.#empty.show(live, hour);
    this.#content.hidden = !hour.hasTraffic;
    if (!hour.hasTraffic) return;
    this.#tiles.replaceChildren(...tilesOf(live, hour, this.#rates));
    // What is as before stays, with the reader's selection in it.
    const state = JSON.stringify([live.begin, live.minutes, live.models, live.swaps]);
    if (state === this.#state) return;
    this.#state = state;
    this.#requests.show(requestChart(hour));
    this.#latency.show(latencyChart(hour));
    this.#errors.show(errorChart(hour));
    this.#rows.show(rowChart(hour));
    this.#predictions.show(live, hour);
    this.#columns.show(live, hour);
  }

  /** Say that the figures are old, and why. */
  showError(error) {
    const since = this.#answered === null ? "" : ` The figures below are of ${clock(this.#answered)}.`;
    const why = error.status === NO_CONNECTION ? error.message : `${error.message} (status ${error.status})`;
    const text = `${why}${since} The page asks again every two seconds.`;
    const name = element("p", { className: "name", textContent: "Not up to date" });
    // A screen reader would read the same text again.
    if (this.#notice.textContent !== name.textContent + text) {
      this.#notice.replaceChildren(name, element("p", { textContent: text }));
    }
    this.#notice.hidden = false;
    this.#content.classList.add("stale");
    if (this.#answered === null) this.#lead.textContent = "";
  }
}

/** What to do where nothing was asked yet. */
class EmptyNotice {
  #name = element("p", { className: "name" });
  #text = element("p");
  #code = element("code");
  #said = element("span", { role: "status", className: "hint" });
  #command;

  constructor() {
    const button = element("button", { type: "button", textContent: "Copy" });
    button.addEventListener("click", async () => {
      this.#said.textContent = await copy(this.#code.textContent, this.#code);
    });
    const pre = element("pre", { tabIndex: 0, role: "region", "aria-label": "Command" }, this.#code);
    this.#command = element("div", {}, pre, element("p", {}, button, " ", this.#said));
    this.element = element("div", { className: "live-empty", hidden: true }, this.#name, this.#text, this.#command);
  }

  async show(live, hour) {
    this.element.hidden = hour.hasTraffic;
    if (hour.hasTraffic) return;
    const isFirst = live.requests === 0;
    this.#name.textContent = isFirst ? "No request yet" : "No request in the last hour";
    this.#text.textContent = textOf(live, isFirst);
    this.#command.hidden = live.example === null;
    if (live.example === null || this.#code.textContent !== "") return;
    const { curl } = await import("./snippets.js");
    const address = new URL("predict", document.baseURI).href;
    this.#code.textContent = curl({ address, needsKey: live.keys, body: `{"rows": [${live.example}]}` });
  }
}

function textOf(live, isFirst) {
  const counted = "Requests of this page, such as those of “Try it”, are not counted.";
  if (live.model === null) return `No model is live, so predictions get status 503. ${counted}`;
  if (!isFirst) return `${shown(live.requests)} were answered since ${dayAndTime(live.since)}. ${counted}`;
  return `Paste this command into a terminal: the figures appear here within seconds. ${counted}`;
}

function leadOf(live, hour) {
  const others = hour.counts.reduce((sum, minute) => sum + minute.others, 0);
  const workers = live.workers === 1 ? "1 worker" : `${live.workers} workers`;
  const texts = [
    `The last hour of ${workers}, counted since ${dayAndTime(live.since)}, without requests of this page.`,
    others ? ` Not shown: ${shown(others)} other requests, such as health checks and pages.` : "",
  ];
  return texts;
}

function tilesOf(live, hour, rates) {
  const recent = hour.counts.filter((minute) => minute.age < MINUTES_OF_LATENCY);
  const latencies = bucketSum(recent, live.bounds);
  const answers = sumOf(hour.counts.map((minute) => minute.answers));
  const failed = total(hour.causes);
  const all = total(answers);
  const ago = `last ${SECONDS_OF_RATE} s`;
  return [
    tile(rateText(rates.of("requests")), `requests/s, ${ago}`, "main"),
    tile(rateText(rates.of("rows")), `rows/s, ${ago}`),
    tile(duration(quantile(latencies, live.bounds, 0.5)), `p50 latency, last ${MINUTES_OF_LATENCY} min`),
    tile(duration(quantile(latencies, live.bounds, 0.99)), `p99 latency, last ${MINUTES_OF_LATENCY} min`),
    tile(shown(all), "requests, last hour"),
    tile(shown(failed), `failed or refused, last hour`, failed ? "warned" : ""),
    modelTile(live),
  ];
}

function modelTile(live) {
  if (live.model === null) return tile("none", "live model", "warned word");
  const since = live.swaps.findLast(({ model }) => model === live.model);
  const made = tile(shortId(live.model), since ? `live model, since ${dayAndTime(since.time)}` : "live model", "word");
  made.firstElementChild.title = live.model;
  return made;
}

function tile(value, name, kind = "") {
  const number = element("b", { textContent: value, className: kind.includes("word") ? "word" : "" });
  return element("li", { className: kind }, number, element("span", { textContent: name }));
}
