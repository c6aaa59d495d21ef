// The text format of Prometheus.

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10];

export class Metrics {
  rows = 0;
  #requests = new Map(); // by route and status
  #durations = new Map(); // by route

  count(route, status, seconds) {
    const key = `route="${route}",status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    const duration = this.#durations.get(route) ?? { buckets: BUCKETS.map(() => 0), sum: 0, count: 0 };
    BUCKETS.forEach((most, i) => seconds <= most && duration.buckets[i]++);
    duration.sum += seconds;
    duration.count++;
    this.#durations.set(route, duration);
  }

  text({ live, refused }) {
    const lines = [];
    const family = (name, type, help, samples) => lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples);
    family('serve_requests_total', 'counter', 'Requests by route and status.', [...this.#requests].map(([labels, count]) => `serve_requests_total{${labels}} ${count}`));
    family('serve_rows_total', 'counter', 'Rows that were answered.', [`serve_rows_total ${this.rows}`]);
    family('serve_request_seconds', 'histogram', 'Time until the answer.', [...this.#durations].flatMap(([route, { buckets, sum, count }]) => [
      ...BUCKETS.map((most, i) => `serve_request_seconds_bucket{route="${route}",le="${most}"} ${buckets[i]}`),
      `serve_request_seconds_bucket{route="${route}",le="+Inf"} ${count}`,
      `serve_request_seconds_sum{route="${route}"} ${sum}`,
      `serve_request_seconds_count{route="${route}"} ${count}`,
    ]));
    family('serve_model_live', 'gauge', 'The live model.', live ? [`serve_model_live{id="${live.id}"} 1`] : []);
    family('serve_model_refused', 'gauge', 'Whether LATEST names a model that is not served.', [`serve_model_refused ${refused ? 1 : 0}`]);
    return `${lines.join('\n')}\n`;
  }
}
