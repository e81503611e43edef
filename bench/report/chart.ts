import { chartScale } from './chart-scale.js';
import type { OperationResult, RunResult, ServerResult } from './result.js';

const WIDTH = 860;
const LEFT = 232;
const RIGHT = 70;
const TOP = 92;
const BAR = 15;
const BAR_GAP = 3;
const GROUP_GAP = 16;

/** What is compared with the service itself, or with another application, is in the tables only. */
const LEFT_OUT = /^session|connections$/;

/** Colours of the bars: ours, what it is measured by, and each peer. */
const KINDS = {
  ours: { name: 'Countersign', light: '#0b6e4f', dark: '#3ecf9a' },
  floor: { name: 'the least work that does it', light: '#9aa4ad', dark: '#6f7b86' },
  'oidc-provider': { name: 'oidc-provider', light: '#c2571a', dark: '#f0935a' },
  'oauth2-server': { name: '@node-oauth/oauth2-server', light: '#6b4fbb', dark: '#a894f0' },
} as const;
type Kind = keyof typeof KINDS;

const kindOf = (server: string): Kind => (server === 'countersign' ? 'ours' : server in KINDS ? (server as Kind) : 'floor');

/** CPU for a request by operation and server, as horizontal bars; light or dark as the reader prefers. */
export function chart({ operations, machine, date, options }: RunResult): string {
  const groups = operations.filter(({ operation, servers }) => servers.length > 0 && !LEFT_OUT.test(operation));
  const servers = groups.flatMap((group) => group.servers);
  const { end, marks } = chartScale(Math.max(...servers.map(({ cpu }) => cpu)));
  const x = (value: number): number => round(LEFT + (value / end) * (WIDTH - LEFT - RIGHT));
  const heights = groups.map((group) => group.servers.length * (BAR + BAR_GAP) + GROUP_GAP);
  const bottom = TOP + heights.reduce((sum, height) => sum + height, 0);
  let y = TOP + GROUP_GAP / 2;
  const body = groups.map((group, n) => {
    const drawn = drawGroup(group, y, x);
    y += heights[n] ?? 0;
    return drawn;
  });
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => servers.some(({ server }) => kindOf(server) === kind));
  const conditions = `${machine.cpu}, ${machine.cores} cores · Node ${machine.node} · PostgreSQL ${machine.postgres} · ${options.connections} connections · ${date.slice(0, 10)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 34}" width="${WIDTH}" height="${bottom + 34}" role="img" aria-labelledby="title">`,
    '<title id="title">Microseconds of CPU for a request, by operation and server: less is better</title>',
    style(),
    `<rect class="paper" width="${WIDTH}" height="${bottom + 34}" rx="6"/>`,
    '<text class="heading" x="20" y="30">CPU for a request, in microseconds: less is better</text>',
    `<text class="small" x="20" y="50">${escape(conditions)}</text>`,
    ...legend(kinds),
    ...marks.map(
      (mark) =>
        `<path class="mark" d="M${x(mark)} ${TOP}V${bottom}"/><text class="small middle" x="${x(mark)}" y="${bottom + 18}">${mark.toLocaleString('en-GB')}</text>`,
    ),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function drawGroup({ operation, servers }: OperationResult, top: number, x: (value: number) => number): string {
  const bar = (result: ServerResult, n: number): string => {
    const y = top + n * (BAR + BAR_GAP);
    const kind = kindOf(result.server);
    // The legend names the rest.
    const other = kind === 'floor' && result.server !== 'floor' ? ` ${result.server}` : '';
    const width = round(Math.max(1, x(result.cpu) - x(0)));
    return (
      `<rect class="${kind}" x="${x(0)}" y="${y}" width="${width}" height="${BAR}" rx="2"/>` +
      `<text class="small" x="${round(x(result.cpu) + 6)}" y="${y + 12}">${figure(result.cpu)}${escape(other)}</text>`
    );
  };
  const middle = top + (servers.length * (BAR + BAR_GAP) - BAR_GAP) / 2 + 4;
  return `<text class="label end" x="${LEFT - 12}" y="${middle}">${escape(operation)}</text>${servers.map(bar).join('')}`;
}

function legend(kinds: readonly Kind[]): string[] {
  let x = 20;
  return kinds.map((kind) => {
    const drawn = `<rect class="${kind}" x="${x}" y="64" width="12" height="12" rx="2"/><text class="small" x="${x + 18}" y="74">${escape(KINDS[kind].name)}</text>`;
    x += 40 + KINDS[kind].name.length * 7;
    return drawn;
  });
}

function style(): string {
  const fills = (shade: 'light' | 'dark'): string =>
    (Object.keys(KINDS) as Kind[]).map((kind) => `.${kind}{fill:${KINDS[kind][shade]}}`).join('');
  return [
    '<style>',
    'text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2933}',
    '.heading{font-size:17px;font-weight:600}.label{font-size:13px}.small{font-size:12px}.small{fill:#52606d}',
    '.end{text-anchor:end}.middle{text-anchor:middle}.paper{fill:#fff}.mark{stroke:#e4e7eb;fill:none}',
    fills('light'),
    '@media(prefers-color-scheme:dark){',
    'text{fill:#e4e7eb}.small{fill:#a5b1bd}.paper{fill:#0d1117}.mark{stroke:#262d36}',
    fills('dark'),
    '}</style>',
  ].join('\n');
}

const figure = (value: number): string => (value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-GB'));
const round = (value: number): number => Math.round(value * 10) / 10;
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
