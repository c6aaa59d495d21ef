// The view "Live": what the server answered in the last hour. It asks every two seconds while it is seen.

import { Figure, clock, drawBars, drawLines, shortId } from "./charts.js";
import { ColumnTable, PredictionTable } from "./distributions.js";
import { copy, element } from "./dom.js";
import { shown } from "./numbers.js";

const MILLISECONDS_BETWEEN_POLLS = 2000;
const MAX_MILLISECONDS = 10_000; // A server that takes longer does not answer.
const SECONDS_OF_RATE = 10;
const MINUTES_OF_LATENCY = 5;
const SECONDS_PER_MINUTE = 60;
const MINUTES = 60;
const MIN_MINUTES = 10;
const MIN_SECONDS = 5; // The rate of a minute that has just begun would jump.
const MAX_CAUSES = 5;
const DIGITS = 2;
const MAX_NAMED_MODELS = 6;
const NO_CONNECTION = 0;

const CAUSES = {
  400: "400: unreadable body",
  404: "404: unknown model or version",
  415: "415: unsupported Content-Type",
  422: "422: invalid rows",
  500: "500: bug of the server, see its log",
  503: "503: no model was live",
  body: "413: body too long",
  connections: "503: too many connections",
  header: "431: header fields too long",
  key: "401: missing or wrong API key",
  load: "503: overloaded",
  malformed: "400: malformed request",
  rows: "413: too many rows",
  time: "408: client too slow",
};

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

/** The counts of the last hour by minute. */
class Hour {
  constructor(live) {
    const counted = Math.ceil((live.begin - live.since) / SECONDS_PER_MINUTE) + 1;
    // Soon after the start, an axis of an hour would be empty.
    this.minutes = Math.min(Math.max(counted, MIN_MINUTES), MINUTES);
    this.live = live;
    this.now = live.time;
    this.since = live.since;
    this.end = live.begin + SECONDS_PER_MINUTE;
    this.start = live.begin - this.minutes * SECONDS_PER_MINUTE;
    this.counts = live.minutes;
    this.swaps = live.swaps.filter(({ time }) => time >= this.start);
    this.answered = live.minutes.filter((minute) => total(minute.answers) > 0);
    this.causes = sumOf(live.minutes.map((minute) => minute.causes));
    this.hasTraffic = this.answered.length > 0 || total(this.causes) > 0;
  }

  startOf(age) {
    return this.end - (age + 1) * SECONDS_PER_MINUTE;
  }

  /** Return the seconds of a minute that were counted. */
  secondsOf(age) {
    const start = Math.max(this.startOf(age), this.since);
    const end = Math.min(this.startOf(age) + SECONDS_PER_MINUTE, this.now);
    return Math.max(end - start, MIN_SECONDS);
  }

  nameOf(age) {
    return age === 0 ? `${clock(this.startOf(age))} (so far)` : clock(this.startOf(age));
  }
}

/** Rates of the latest seconds, from the totals of several responses. */
class Rates {
  #seen = [];

  add(live) {
    const last = this.#seen.at(-1);
    // A server that was started again counts from zero.
    if (last !== undefined && (live.requests < last.requests || live.since !== last.since)) this.#seen = [];
    this.#seen.push({ time: live.time, requests: live.requests, rows: live.rows, since: live.since });
    while (this.#seen.length > 2 && this.#seen[1].time <= live.time - SECONDS_OF_RATE) this.#seen.shift();
  }

  /** Return the rate of `requests` or `rows`; null before the second response. */
  of(name) {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (last.time - first.time < 1) return null;
    return (last[name] - first[name]) / (last.time - first.time);
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

function requestChart(hour) {
  const bars = hour.answered.map(({ age, answers }) => {
    const seconds = hour.secondsOf(age);
    const failed = (answers["4xx"] ?? 0) + (answers["5xx"] ?? 0);
    const values = [total(answers) - failed, failed].map((count) => count / seconds);
    const title = `${hour.nameOf(age)}: ${rateText(values[0] + values[1])} requests/s, ${shown(failed)} failed`;
    return { age, values, title, isRunning: age === 0 };
  });
  const marks = ["bar series-1", "bar series-2"];
  const highest = Math.max(0, ...bars.map(({ values }) => values[0] + values[1]));
  return {
    label: `Requests per second by minute over the last hour. Highest: ${rateText(highest)}. ${swapText(hour)}`,
    caption: captionOf(hour, "Requests for predictions. A bar is the mean of a minute; the pale one is the current minute.", { namesModels: true }),
    legend: [
      { name: "answered", mark: marks[0] },
      { name: "failed (4xx, 5xx)", mark: marks[1] },
    ],
    draw: (width) => drawBars(hour, { width, bars, marks, format: rateText }),
    headings: ["minute", "per second", "2xx", "4xx", "5xx"],
    rows: () =>
      hour.answered.toReversed().map(({ age, answers }) => [
        hour.nameOf(age),
        rateText(total(answers) / hour.secondsOf(age)),
        ...["2xx", "4xx", "5xx"].map((status) => shown(answers[status] ?? 0)),
      ]),
  };
}

function latencyChart(hour) {
  const { bounds } = hour.live;
  const points = hour.counts
    .filter((minute) => total(minute.latencies) > 0)
    .map(({ age, latencies }) => {
      const values = [quantile(latencies, bounds, 0.5), quantile(latencies, bounds, 0.99)];
      const title = `${hour.nameOf(age)}: p50 ${duration(values[0])}, p99 ${duration(values[1])}`;
      return { age, values, title, count: total(latencies) };
    });
  const marks = ["series-1", "series-2"];
  const highest = points.length ? Math.max(...points.map(({ values }) => values[1])) : null;
  return {
    label: `Latency by minute over the last hour: p50 and p99. Highest p99: ${duration(highest)}. ${swapText(hour)}`,
    caption: captionOf(
      hour,
      "Successful predictions, from the last header field to the answer. Quantiles are interpolated within the buckets of the histogram; the axis is logarithmic.",
    ),
    legend: [
      { name: "p50", mark: "line series-1" },
      { name: "p99", mark: "line series-2" },
    ],
    draw: (width) => drawLines(hour, { width, points, marks, format: duration }),
    headings: ["minute", "p50", "p99", "predictions"],
    rows: () =>
      points.toReversed().map(({ age, values, count }) => [hour.nameOf(age), ...values.map(duration), shown(count)]),
  };
}

function errorChart(hour) {
  const causes = Object.keys(hour.causes).sort((one, other) => hour.causes[other] - hour.causes[one]);
  const named = causes.slice(0, causes.length > MAX_CAUSES ? MAX_CAUSES - 1 : MAX_CAUSES);
  const rest = causes.slice(named.length);
  const groups = [...named.map((cause) => [cause]), ...(rest.length ? [rest] : [])];
  const names = groups.map((group) => (group.length === 1 ? causeText(group[0]) : "others"));
  const countsOf = (minute) => groups.map((group) => group.reduce((sum, cause) => sum + (minute.causes[cause] ?? 0), 0));
  const failed = hour.counts.filter((minute) => total(minute.causes) > 0);
  const bars = failed.map((minute) => {
    const values = countsOf(minute);
    const parts = names.flatMap((name, place) => (values[place] ? [`${shown(values[place])} × ${name}`] : []));
    return { age: minute.age, values, title: `${hour.nameOf(minute.age)}: ${parts.join(", ")}`, isRunning: minute.age === 0 };
  });
  const marks = groups.map((_, place) => `bar cause-${place + 1}`);
  const all = total(hour.causes);
  return {
    label: `Failed and refused requests by cause and minute over the last hour: ${shown(all)} in all. ${swapText(hour)}`,
    caption: captionOf(hour, all ? "Requests in a minute, by cause." : "No prediction failed, and no request was refused."),
    legend: names.map((name, place) => ({ name: `${name} (${shown(total(pick(hour.causes, groups[place])))})`, mark: marks[place] })),
    draw: (width) => drawBars(hour, { width, bars, marks, format: (count) => shown(count), isWhole: true }),
    headings: ["minute", ...names],
    rows: () => failed.toReversed().map((minute) => [hour.nameOf(minute.age), ...countsOf(minute).map((count) => shown(count))]),
  };
}

function rowChart(hour) {
  const counted = hour.counts.filter((minute) => minute.rows > 0);
  const bars = counted.map(({ age, rows }) => {
    const value = rows / hour.secondsOf(age);
    return { age, values: [value], title: `${hour.nameOf(age)}: ${rateText(value)} rows/s`, isRunning: age === 0 };
  });
  const all = counted.reduce((sum, minute) => sum + minute.rows, 0);
  return {
    label: `Rows per second by minute over the last hour: ${shown(all)} rows in all. ${swapText(hour)}`,
    caption: captionOf(hour, `${shown(all)} rows were predicted in the last hour.`),
    legend: [],
    draw: (width) => drawBars(hour, { width, bars, marks: ["bar series-3"], format: rateText }),
    headings: ["minute", "per second", "rows"],
    rows: () =>
      counted.toReversed().map(({ age, rows }) => [hour.nameOf(age), rateText(rows / hour.secondsOf(age)), shown(rows)]),
  };
}

function captionOf(hour, text, { namesModels = false } = {}) {
  const lives = hour.swaps.slice(-MAX_NAMED_MODELS).map(({ time, model }) => `${clock(time)} ${shortId(model)}`);
  const named = namesModels ? `: ${lives.join(", ")}` : "";
  const marks = hour.swaps.length ? ` A dashed line marks when a model went live${named}.` : "";
  const before = hour.since > hour.start ? ` Nothing was counted before ${clock(hour.since)}.` : "";
  return text + marks + before;
}

function swapText(hour) {
  return hour.swaps.map(({ time, model }) => `Model ${shortId(model)} went live at ${clock(time)}.`).join(" ");
}

function causeText(cause) {
  return CAUSES[cause] ?? `status ${cause}`;
}

/** Return a quantile, interpolated within its bucket; the last bucket has no end. */
export function quantile(buckets, bounds, level) {
  const rank = level * total(buckets);
  if (rank === 0) return null;
  let below = 0;
  for (const [place, count] of buckets.entries()) {
    if (below + count >= rank && count > 0) {
      const low = place ? bounds[place - 1] : 0;
      if (place === bounds.length) return low;
      return low + ((rank - below) / count) * (bounds[place] - low);
    }
    below += count;
  }
  return bounds.at(-1);
}

function bucketSum(minutes, bounds) {
  const sums = new Array(bounds.length + 1).fill(0);
  for (const { latencies } of minutes) for (const [place, count] of latencies.entries()) sums[place] += count;
  return sums;
}

/** Return seconds with a unit. */
function duration(seconds) {
  if (seconds === null) return "–";
  return seconds < 1 ? `${shown(seconds * 1000, DIGITS)} ms` : `${shown(seconds, DIGITS)} s`;
}

function rateText(rate) {
  if (rate === null) return "–";
  if (rate > 0 && rate < 0.01) return "< 0.01";
  return shown(rate, DIGITS);
}

function dayAndTime(seconds) {
  const isToday = new Date(seconds * 1000).toDateString() === new Date().toDateString();
  const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }).format(seconds * 1000);
  return isToday ? clock(seconds) : `${day}, ${clock(seconds)}`;
}

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function pick(counts, names) {
  return Object.fromEntries(names.map((name) => [name, counts[name]]));
}

function sumOf(parts) {
  const sums = {};
  for (const part of parts) for (const [name, count] of Object.entries(part)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
