// Asks Prometheus as Grafana's data source does, as far as these dashboards need it.
import { FieldType, toDataFrame } from '@grafana/data';
import { RuntimeDataSource } from '@grafana/scenes';

const POINTS = 300;
const SCRAPE_SECONDS = 60; // of the history that is drawn

export const asked = []; // every query, with what came of it: the pictures are refused when one failed

export function timeOf(range, leastStep = SCRAPE_SECONDS) {
  const from = range.from.valueOf() / 1000;
  const to = range.to.valueOf() / 1000;
  return { from, to, step: Math.max(leastStep, Math.ceil((to - from) / POINTS)) };
}

function interpolate(expr, { from, to, step }) {
  return expr
    .replaceAll('$__rate_interval', `${Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s`)
    .replaceAll('$__interval', `${step}s`)
    .replaceAll('$__range', `${Math.round(to - from)}s`);
}

export async function ask(url, target, time) {
  const expr = interpolate(target.expr, time);
  const parameters = target.instant
    ? { query: expr, time: time.to }
    : { query: expr, start: time.from, end: time.to, step: time.step };
  const path = target.instant ? 'query' : 'query_range';
  const answer = await (await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
  asked.push({ expr, status: answer.status, error: answer.error, series: answer.data?.result?.length });
  if (answer.status !== 'success') {
    throw new Error(answer.error);
  }
  return answer.data.result;
}

const legendOf = (format, labels) => format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => labels[name] ?? '');

function tableOf(target, result, alone) {
  const labels = [...new Set(result.flatMap((series) => Object.keys(series.metric)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: result.map((series) => series.value[0] * 1000) },
      ...labels.map((name) => ({
        name,
        type: FieldType.string,
        values: result.map((series) => series.metric[name] ?? ''),
      })),
      {
        name: alone ? 'Value' : `Value #${target.refId}`,
        type: FieldType.number,
        values: result.map((series) => Number(series.value[1])),
      },
    ],
  });
}

// A point for every step, empty where there is none: so that a line has gaps and a state an end.
function seriesOf(target, series, { from, to, step }) {
  const points = new Map((series.values ?? [series.value]).map(([time, value]) => [Math.round(time), Number(value)]));
  const times = target.instant ? [...points.keys()] : [];
  for (let time = from; !target.instant && time <= to; time += step) {
    times.push(Math.round(time));
  }
  const name = legendOf(target.legendFormat ?? '', series.metric);
  return toDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, values: times.map((time) => time * 1000) },
      {
        name: 'Value',
        type: FieldType.number,
        labels: series.metric,
        config: { displayNameFromDS: name },
        values: times.map((time) => points.get(time) ?? null),
      },
    ],
  });
}

export class PrometheusSource extends RuntimeDataSource {
  constructor(url) {
    super('prometheus', 'preview');
    this.url = url;
  }

  async query(request) {
    const frames = [];
    for (const target of request.targets) {
      const time = timeOf(request.range, target.leastStep);
      const result = await ask(this.url, target, time);
      if (target.format === 'table') {
        frames.push(tableOf(target, result, request.targets.length === 1));
      } else {
        frames.push(...result.map((series) => seriesOf(target, series, time)));
      }
    }
    return { data: frames };
  }

  async testDatasource() {
    return { status: 'success', message: '' };
  }
}
