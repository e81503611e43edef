import { conditions } from './conditions.js';
import type { RunResult } from './result.js';
import { markdownTable, resultRows, verdictRows } from './table.js';

const BEGIN = '<!-- last run: written by `npm run bench -- --publish` -->';
const END = '<!-- end of the last run -->';

/** The document with this run between its marks. @throws Error when it has none */
export function withLastRun(document: string, run: RunResult): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('The document has no marks for the last run.');
  return `${document.slice(0, begin + BEGIN.length)}\n\n${lastRun(run)}\n\n${document.slice(end)}`;
}

function lastRun(run: RunResult): string {
  const { operations } = run;
  const voided = operations.flatMap(({ operation, wrong }) =>
    Object.entries(wrong).map(([server, answer]) => `- ${operation}, ${server}: void, it answered \`${answer.replaceAll('`', "'")}\``),
  );
  return [
    '![Microseconds of CPU for a request, by operation and server](performance.svg)',
    conditions(run),
    markdownTable(resultRows(operations)),
    ...(voided.length > 0 ? [voided.join('\n')] : []),
    'Targets of the design:',
    markdownTable(verdictRows(operations)),
  ].join('\n\n');
}
