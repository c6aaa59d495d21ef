// The charts of the view "Live", for `Figure`.

import { clock, drawBars, drawLines, shortId } from "./charts.js";
import { duration, quantile, rateText, total } from "./hour.js";
import { shown } from "./numbers.js";

const MAX_CAUSES = 5;
const MAX_NAMED_MODELS = 6;

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

/** Return the chart of requests, answered and failed. */
export function requestChart(hour) {
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

/** Return the chart of latencies. */
export function latencyChart(hour) {
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

/** Return the chart of failed and refused requests, by cause. */
export function errorChart(hour) {
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

/** Return the chart of rows. */
export function rowChart(hour) {
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

function pick(counts, names) {
  return Object.fromEntries(names.map((name) => [name, counts[name]]));
}
