// The panels. Grafana's own panel plugins are not published as packages: these are thin wrappers round the same
// visualisations, which are. The state timeline is not: it is drawn here, with Grafana's texts and colours.
import {
  FieldConfigProperty,
  FieldType,
  PanelPlugin,
  dateTimeFormat,
  getFieldDisplayName,
  getFieldDisplayValues,
  identityOverrideProcessor,
} from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, Table, TimeSeries, VizLayout, VizLegend, useTheme2 } from '@grafana/ui';

const GRAPH = [
  'drawStyle', 'lineInterpolation', 'lineWidth', 'lineStyle', 'fillOpacity', 'gradientMode', 'showPoints', 'pointSize',
  'stacking', 'axisPlacement', 'axisLabel', 'axisColorMode', 'axisBorderShow', 'axisCenteredZero', 'scaleDistribution',
  'spanNulls', 'insertNulls', 'thresholdsStyle', 'hideFrom', 'barAlignment', 'barWidthFactor',
];
const CELLS = ['align', 'width', 'minWidth', 'cellOptions', 'filterable', 'hidden', 'inspect'];
const STATES = ['fillOpacity', 'lineWidth', 'hideFrom', 'spanNulls'];

const custom = (keys) => (builder) => {
  for (const key of keys) {
    builder.addCustomEditor({
      id: key,
      path: key,
      name: key,
      editor: () => null,
      override: () => null,
      process: identityOverrideProcessor,
      shouldApply: () => true,
    });
  }
};

function Empty({ text }) {
  const theme = useTheme2();
  return (
    <div style={{ height: '100%', display: 'grid', placeItems: 'center', color: theme.colors.text.secondary }}>{text}</div>
  );
}

const emptyText = (fieldConfig) => fieldConfig.defaults.noValue ?? 'No data';
const isEmpty = (frames) => frames.every((frame) => frame.length === 0);

// Vertical dashed lines where annotations are.
function marks(annotations) {
  return (config) => {
    config.addHook('draw', (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.lineWidth = 1.5;
      ctx.setLineDash([5, 4]);
      for (const { time, color } of annotations) {
        const x = Math.round(plot.valToPos(time, 'x', true));
        if (x >= bbox.left && x <= bbox.left + bbox.width) {
          ctx.strokeStyle = color;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
      }
      ctx.restore();
    });
    return null;
  };
}

const graph = (annotations) =>
  new PanelPlugin(({ data, timeRange, timeZone, width, height, options, fieldConfig }) =>
    isEmpty(data.series) ? (
      <Empty text={emptyText(fieldConfig)} />
    ) : (
      <TimeSeries
        frames={data.series}
        structureRev={data.structureRev}
        timeRange={timeRange}
        timeZone={timeZone}
        width={width}
        height={height}
        legend={options.legend}
        options={options}
      >
        {marks(annotations)}
      </TimeSeries>
    )
  ).useFieldConfig({
    standardOptions: { [FieldConfigProperty.Color]: { defaultValue: { mode: 'palette-classic' } } },
    useCustomConfig: custom(GRAPH),
  });

const table = () =>
  new PanelPlugin(({ data, width, height, options, fieldConfig }) =>
    isEmpty(data.series) ? (
      <Empty text={emptyText(fieldConfig)} />
    ) : (
      <Table data={data.series[0]} width={width} height={height} initialSortBy={options.sortBy} />
    )
  ).useFieldConfig({ useCustomConfig: custom(CELLS) });

const stat = () =>
  new PanelPlugin(({ data, width, height, options, fieldConfig, replaceVariables, timeZone }) => {
    const theme = useTheme2();
    const [value] = getFieldDisplayValues({
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables,
      theme,
      data: data.series,
      timeZone,
    });
    return (
      <BigValue
        theme={theme}
        width={width}
        height={height}
        value={value?.display ?? { text: emptyText(fieldConfig), numeric: NaN, color: theme.colors.text.secondary }}
        colorMode={value ? options.colorMode : BigValueColorMode.None}
        graphMode={BigValueGraphMode.None}
        textMode={value ? options.textMode : 'value'}
      />
    );
  }).useFieldConfig();

function spans(times, values) {
  const found = [];
  values.forEach((value, at) => {
    const last = found.at(-1);
    if (last && last.value === value) {
      last.end = times[at + 1] ?? times[at];
    } else {
      found.push({ value, start: times[at], end: times[at + 1] ?? times[at] });
    }
  });
  return found.filter(({ value }) => value !== null && value !== undefined);
}

function StateTimeline({ data, timeRange, timeZone, width, height, fieldConfig }) {
  const theme = useTheme2();
  if (isEmpty(data.series)) {
    return <Empty text={emptyText(fieldConfig)} />;
  }
  const rows = data.series.flatMap((frame) => {
    const times = frame.fields.find(({ type }) => type === FieldType.time).values;
    return frame.fields
      .filter(({ type }) => type === FieldType.number)
      .map((field) => ({ field, name: getFieldDisplayName(field, frame, data.series), spans: spans(times, field.values) }));
  });
  const seen = new Map();
  for (const { field, spans: all } of rows) {
    for (const { value } of all) {
      seen.set(value, field.display(value));
    }
  }
  const items = [...seen].sort(([one], [other]) => one - other).map(([, { text, color }]) => ({ label: text, color, yAxis: 1 }));
  const from = timeRange.from.valueOf();
  const to = timeRange.to.valueOf();
  const left = 80;
  const axis = 22;
  const hours = [];
  for (let time = Math.ceil(from / 1800000) * 1800000; time < to; time += 1800000) {
    hours.push(time);
  }
  return (
    <VizLayout width={width} height={height} legend={<VizLayout.Legend placement="bottom"><VizLegend placement="bottom" items={items} displayMode="list" /></VizLayout.Legend>}>
      {(w, h) => {
        const scale = (time) => left + ((Math.min(Math.max(time, from), to) - from) / (to - from)) * (w - left - 4);
        const each = (h - axis) / rows.length;
        const style = { fontSize: 12, fontFamily: theme.typography.fontFamily, fill: theme.colors.text.primary };
        return (
          <svg width={w} height={h}>
            {rows.map(({ field, name, spans: all }, row) => (
              <g key={name}>
                <text x={left - 8} y={(row + 0.5) * each} textAnchor="end" dominantBaseline="middle" {...style}>{name}</text>
                {all.map(({ value, start, end }) => {
                  const { text, color } = field.display(value);
                  const x = scale(start);
                  const wide = scale(end) - x;
                  return (
                    <g key={start}>
                      <rect x={x} y={(row + 0.1) * each} width={Math.max(wide, 1)} height={each * 0.8} fill={color} fillOpacity={0.8} />
                      {wide > text.length * 6.5 + 10 && (
                        <text x={x + 6} y={(row + 0.5) * each} dominantBaseline="middle" {...style} fill={theme.colors.getContrastText(color)}>{text}</text>
                      )}
                    </g>
                  );
                })}
              </g>
            ))}
            {hours.map((time) => (
              <text key={time} x={scale(time)} y={h - 5} textAnchor="middle" {...style} fill={theme.colors.text.secondary}>
                {dateTimeFormat(time, { format: 'HH:mm', timeZone })}
              </text>
            ))}
          </svg>
        );
      }}
    </VizLayout>
  );
}

const states = () => new PanelPlugin(StateTimeline).useFieldConfig({ useCustomConfig: custom(STATES) });

export function makePanels(annotations) {
  const made = { timeseries: graph(annotations), table: table(), stat: stat(), 'state-timeline': states() };
  for (const [id, plugin] of Object.entries(made)) {
    plugin.meta = { id, name: id, type: 'panel', info: { logos: {} }, module: '' };
  }
  return made;
}
