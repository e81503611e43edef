import fc from 'fast-check';
import { Recent } from './recent.js';

type Step = readonly ['get' | 'set' | 'delete', string] | readonly ['clear'];
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom('get', 'set'), name), weight: 10 },
  { arbitrary: fc.tuple(fc.constant('delete' as const), name), weight: 2 },
  { arbitrary: fc.constant(['clear'] as const), weight: 1 },
);

describe('A map of what was used lately', () => {
  it('does as a list that is kept in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.array(step, { maxLength: 80 }), (size, steps) => {
        const recent = new Recent<number>(size);
        let list: (readonly [string, number])[] = [];
        steps.forEach(([what, key = ''], number) => {
          const known = list.find(([each]) => each === key);
          const others = list.filter((each) => each !== known);
          if (what === 'clear') {
            recent.clear();
            list = [];
          } else if (what === 'delete') {
            recent.delete(key);
            list = others;
          } else if (what === 'set') {
            recent.set(key, number);
            list = [[key, number] as const, ...others].slice(0, size);
          } else {
            expect(recent.get(key)).toBe(known?.[1]);
            if (known) list = [known, ...others];
          }
        });
        // The newest first, so that each is where it was.
        for (const [key, number] of list) expect(recent.get(key)).toBe(number);
      }),
      { numRuns: 3_000 },
    );
  });
});
