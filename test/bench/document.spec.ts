import { readFile } from 'node:fs/promises';
import { withLastRun } from '../../bench/report/document.js';
import type { RunResult } from '../../bench/report/result.js';

const server = { server: 'countersign', connections: 32, cpu: 90, p50: 1, p99: 2, perSecond: 12_345, statements: 0.25 };
const RUN: RunResult = {
  date: '2026-01-02T03:04:05.000Z',
  machine: { cpu: 'A processor', cores: 2, memory: 8, node: '20.0.0', postgres: '18.4', system: 'linux x64', pinned: true },
  options: { rounds: 3, seconds: 3, warmUp: 4, connections: 32, only: '', servers: ['countersign'], publish: true },
  counted: 'statements',
  operations: [
    {
      operation: 'issue, JWT',
      servers: [server],
      verdicts: [{ target: '≤ 0.9 × floor', measured: '0.80', met: true }],
      wrong: { floor: '500 {}' },
      dropped: 1,
      foreign: 0.5,
    },
  ],
};

describe('docs/performance.md', () => {
  it('holds the last run between its marks, and is otherwise left alone', async () => {
    const before = await readFile(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    const after = withLastRun(before, RUN);
    expect(withLastRun(after, RUN)).toBe(after);
    expect(after).toContain('12,345');
    expect(after).toContain('A processor, 2 cores');
    const [mark] = /<!-- last run.*?-->/.exec(before) ?? [];
    expect(after.split(mark ?? '')[0]).toBe(before.split(mark ?? '')[0]);
    expect(after.split('<!-- end')[1]).toBe(before.split('<!-- end')[1]);
  });

  it('says what is void, what was noisy, and what was met', () => {
    const written = withLastRun('<!-- last run: written by `npm run bench -- --publish` --><!-- end of the last run -->', RUN);
    expect(written).toContain('issue, JWT, floor: void, it answered `500 {}`');
    expect(written).toContain('issue, JWT †');
    expect(written).toMatch(/≤ 0\.9 × floor +\| 0\.80 +\| met/);
  });

  it('is refused without marks', () => {
    expect(() => withLastRun('# Performance', RUN)).toThrow('no marks');
  });
});
