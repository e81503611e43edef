import { QUIET } from '../measure/quiet-rounds.js';
import type { Verdict } from './judgement.js';
import type { OperationResult } from './result.js';

const HEAD = ['operation', 'server', 'CPU, µs', 'ours ÷ it', 'requests/s', 'p50, ms', 'p99, ms', 'statements'];

/** One row for each server of each operation; the operation is named in its first. */
export function resultRows(results: readonly OperationResult[]): string[][] {
  const rows = results.flatMap(({ operation, servers, wrong, foreign }) => {
    const mark = foreign !== null && foreign > QUIET ? ' †' : '';
    const measured = servers.map((server) => [
      server.server,
      server.cpu.toFixed(server.cpu < 100 ? 1 : 0),
      server.ours === undefined ? '' : server.ours.toFixed(2),
      Math.round(server.perSecond).toLocaleString('en-GB'),
      server.p50.toFixed(2),
      server.p99.toFixed(1),
      server.statements.toFixed(2),
    ]);
    const voided = Object.keys(wrong).map((server) => [server, 'void', '', '', '', '', '']);
    return [...measured, ...voided].map((row, n) => [n === 0 ? operation + mark : '', ...row]);
  });
  return [HEAD, ...rows];
}

/** One row for each target. */
export function verdictRows(results: readonly OperationResult[]): string[][] {
  const row = (operation: string, { target, measured, met }: Verdict): string[] => [operation, target, measured, met ? 'met' : 'missed'];
  return [
    ['operation', 'target', 'measured', ''],
    ...results.flatMap(({ operation, verdicts }) => verdicts.map((verdict, n) => row(n === 0 ? operation : '', verdict))),
  ];
}

/** For a terminal: columns of equal width. */
export function plainTable(rows: readonly (readonly string[])[]): string {
  const widths = columnWidths(rows);
  return rows
    .map((row) =>
      row
        .map((cell, n) => pad(cell, widths[n] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** As prettier writes it. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = columnWidths(rows).map((width) => Math.max(3, width));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
}

const pad = (cell: string, width: number): string => (/^[\d.,]+$/.test(cell) ? cell.padStart(width) : cell.padEnd(width));
