// Draws the dashboard at ?dashboard=, with data of the Prometheus server at ?prometheus=, from ?from= to ?to=.
// Variables have been filled in before.
import {
  EventBusSrv,
  LoadingState,
  createTheme,
  dataLinksOverrideProcessor,
  dateTime,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
  ThemeContext,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import {
  LocationServiceProvider,
  config,
  locationService,
  setAppEvents,
  setEchoSrv,
  setPluginImportUtils,
  setRunRequest,
} from '@grafana/runtime';
import {
  EmbeddedScene,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneQueryRunner,
  SceneTimeRange,
  VizPanel,
  loadResources,
  sceneUtils,
} from '@grafana/scenes';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { Router } from 'react-router-dom';
import { from as observe, map } from 'rxjs';
import { makePanels } from './panels.jsx';
import { PrometheusSource, ask, asked, timeOf } from './prometheus.js';

const wanted = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: wanted.get('theme') ?? 'light' } });
const failures = [];
window.preview = { asked, failures };
window.addEventListener('error', (event) => failures.push(String(event.message)));

function standIn() {
  config.theme2 = theme;
  config.theme = theme.v1;
  config.featureToggles ??= {};
  setAppEvents(new EventBusSrv());
  setEchoSrv({ addBackend() {}, addEvent() {}, flush() {} });
  setRunRequest((source, request) =>
    observe(source.query(request)).pipe(
      map(({ data }) => ({ state: LoadingState.Done, series: data, timeRange: request.range, request }))
    )
  );
  const nothing = () => null;
  standardEditorsRegistry.setInit(() =>
    ['text', 'number', 'select', 'radio', 'boolean', 'unit', 'color', 'thresholds', 'mappings', 'links', 'strings',
      'multi-select', 'field-name', 'slider', 'fieldColor', 'actions', 'stats-picker', 'timezone', 'dashboard-uid',
    ].map((id) => ({ id, name: id, editor: nothing }))
  );
  const processors = {
    displayName: displayNameOverrideProcessor,
    unit: unitOverrideProcessor,
    min: numberOverrideProcessor,
    max: numberOverrideProcessor,
    decimals: numberOverrideProcessor,
    noValue: stringOverrideProcessor,
    color: identityOverrideProcessor,
    thresholds: thresholdsOverrideProcessor,
    mappings: valueMappingsOverrideProcessor,
    links: dataLinksOverrideProcessor,
    description: stringOverrideProcessor,
    fieldMinMax: identityOverrideProcessor,
    filterable: identityOverrideProcessor,
  };
  standardFieldConfigEditorRegistry.setInit(() =>
    Object.entries(processors).map(([id, process]) => ({
      id, path: id, name: id, editor: nothing, override: nothing, process, shouldApply: () => true, settings: {},
    }))
  );
  const transformers = new Map(Object.values(standardTransformers).map((each) => [each.id, each]));
  standardTransformersRegistry.setInit(() =>
    [...transformers.values()].map((transformation) => ({
      id: transformation.id, name: transformation.name, transformation, editor: nothing, imageDark: '', imageLight: '',
    }))
  );
}

async function annotationsOf(dashboard, url, time) {
  const found = [];
  for (const { expr, iconColor } of dashboard.annotations?.list ?? []) {
    for (const series of await ask(url, { expr }, time)) {
      for (const value of new Set(series.values.map(([, value]) => Number(value)))) {
        found.push({ time: value, color: theme.visualization.getColorByName(iconColor) });
      }
    }
  }
  return found;
}

function panelOf(panel) {
  const leastStep = panel.interval ? 60 * parseInt(panel.interval, 10) : undefined; // the dashboards give minutes
  const runner = new SceneQueryRunner({
    datasource: { uid: 'preview', type: 'prometheus' },
    queries: panel.targets.map((target) => ({ ...target, leastStep })),
  });
  const { x, y, w, h } = panel.gridPos;
  return new SceneGridItem({
    x, y, width: w, height: h,
    body: new VizPanel({
      key: `panel-${panel.id}`,
      title: panel.title,
      description: panel.description,
      pluginId: panel.type,
      options: panel.options ?? {},
      fieldConfig: panel.fieldConfig,
      $data: panel.transformations
        ? new SceneDataTransformer({ $data: runner, transformations: panel.transformations })
        : runner,
    }),
  });
}

const rowOf = (row) => new SceneGridRow({ key: `row-${row.id}`, title: row.title, y: row.gridPos.y, isCollapsible: false, children: [] });

function Page({ dashboard, scene, choices }) {
  const chip = { border: `1px solid ${theme.colors.border.medium}`, borderRadius: 4, padding: '3px 10px', fontSize: 13 };
  return (
    <div style={{ background: theme.colors.background.canvas, color: theme.colors.text.primary, padding: 12 }}>
      <div style={{ display: 'flex', gap: 10, alignItems: 'center', paddingBottom: 6 }}>
        <span style={{ fontSize: 18, fontWeight: 500, paddingRight: 12 }}>{dashboard.title}</span>
        {choices.map((text) => <span key={text} style={chip}>{text}</span>)}
      </div>
      <scene.Component model={scene} />
    </div>
  );
}

async function main() {
  standIn();
  await initPluginTranslations('grafana-scenes', [loadResources]);
  const dashboard = await (await fetch(wanted.get('dashboard'))).json();
  const url = wanted.get('prometheus');
  const [from, to] = [Number(wanted.get('from')), Number(wanted.get('to'))];
  sceneUtils.registerRuntimeDataSource({ dataSource: new PrometheusSource(url) });
  const panels = makePanels(await annotationsOf(dashboard, url, timeOf({ from, to })));
  setPluginImportUtils({ importPanelPlugin: async (id) => panels[id], getPanelPluginFromCache: (id) => panels[id] });
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: dateTime(from).toISOString(), to: dateTime(to).toISOString(), timeZone: 'utc' }),
    body: new SceneGridLayout({
      children: dashboard.panels.map((panel) => (panel.type === 'row' ? rowOf(panel) : panelOf(panel))),
    }),
  });
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <LocationServiceProvider service={locationService}>
        <Router navigator={locationService.getHistory()} location={locationService.getLocation()}>
          <Page dashboard={dashboard} scene={scene} choices={wanted.getAll('choice')} />
        </Router>
      </LocationServiceProvider>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

main().catch((error) => failures.push(error.stack));
