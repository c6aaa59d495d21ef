// The last hour as the view "Live" shows it: minutes, rates, quantiles, and their texts.

import { clock } from "./charts.js";
import { shown } from "./numbers.js";

export const SECONDS_OF_RATE = 10;
const SECONDS_PER_MINUTE = 60;
const MINUTES = 60;
const MIN_MINUTES = 10;
const MIN_SECONDS = 5; // The rate of a minute that has just begun would jump.
const DIGITS = 2;

/** The counts of the last hour by minute. */
export class Hour {
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
export class Rates {
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

/** Return the sums of the buckets of several minutes. */
export function bucketSum(minutes, bounds) {
  const sums = new Array(bounds.length + 1).fill(0);
  for (const { latencies } of minutes) for (const [place, count] of latencies.entries()) sums[place] += count;
  return sums;
}

/** Return seconds with a unit. */
export function duration(seconds) {
  if (seconds === null) return "–";
  return seconds < 1 ? `${shown(seconds * 1000, DIGITS)} ms` : `${shown(seconds, DIGITS)} s`;
}

/** Return a rate; a dash if it is not known yet. */
export function rateText(rate) {
  if (rate === null) return "–";
  if (rate > 0 && rate < 0.01) return "< 0.01";
  return shown(rate, DIGITS);
}

/** Return a time, with its day unless it is today. */
export function dayAndTime(seconds) {
  const isToday = new Date(seconds * 1000).toDateString() === new Date().toDateString();
  const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }).format(seconds * 1000);
  return isToday ? clock(seconds) : `${day}, ${clock(seconds)}`;
}

/** Return the sum of counts by name, or of a list. */
export function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Return the sums of counts by name. */
export function sumOf(parts) {
  const sums = {};
  for (const part of parts) for (const [name, count] of Object.entries(part)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
