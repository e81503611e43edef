import { judge } from '../../bench/report/judgement.js';

const figures = (server: string, cpu: number) => ({ server, cpu, p50: 2, p99: 10 });

describe('the judgement of a target', () => {
  const ours = figures('countersign', 90);
  const others = [figures('floor', 100), figures('oidc-provider', 180)];

  it('allows so many times the floor, and no more', () => {
    expect(judge({ against: 'floor', atMost: 0.9 }, ours, others)).toEqual({ target: '≤ 0.9 × floor', measured: '0.90', met: true });
    expect(judge({ against: 'floor', atMost: 0.89 }, ours, others)?.met).toBe(false);
  });

  it('asks to be so many times cheaper than a peer', () => {
    const target = { against: 'oidc-provider', cheaper: 2 };
    expect(judge(target, ours, others)).toEqual({ target: '≥ 2 × cheaper than oidc-provider', measured: '2.00', met: true });
    expect(judge({ ...target, cheaper: 2.01 }, ours, others)?.met).toBe(false);
  });

  it('allows so many microseconds above', () => {
    expect(judge({ against: 'floor', above: 5 }, figures('countersign', 105), others)?.met).toBe(true);
    expect(judge({ against: 'floor', above: 5 }, figures('countersign', 106), others)).toMatchObject({ measured: '6.0 µs', met: false });
  });

  it('bounds the tail by the median', () => {
    expect(judge({ tail: 5 }, ours, [])).toMatchObject({ measured: '5.0', met: true });
    expect(judge({ tail: 4.9 }, ours, [])?.met).toBe(false);
  });

  it('says nothing without what it compares with', () => {
    expect(judge({ against: 'glewlwyd', atMost: 1 }, ours, others)).toBeUndefined();
  });
});
