/** Counts what a run was made of, so that one can see whether it tried what it was meant to try. */
export class Tally {
  private readonly steps = new Map<string, number>();
  private readonly outcomes = new Map<string, number>();
  longestChain = 0;

  step(name: string): void {
    add(this.steps, name);
  }

  presented(outcome: string): void {
    add(this.outcomes, outcome);
  }

  count(outcome: string): number {
    return this.outcomes.get(outcome) ?? 0;
  }

  /** Share of presentations refused without being a reuse. */
  get invalidShare(): number {
    const presented = [...this.outcomes].filter(([name]) => !name.startsWith('revoke'));
    const total = presented.reduce((sum, [, n]) => sum + n, 0);
    return presented.filter(([name]) => name.startsWith('invalid')).reduce((sum, [, n]) => sum + n, 0) / Math.max(1, total);
  }

  toString(): string {
    const list = (counts: Map<string, number>) =>
      [...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([name, n]) => `${n} ${name}`)
        .join(', ');
    const steps = [...this.steps.values()].reduce((sum, n) => sum + n, 0);
    return `${steps} steps (${list(this.steps)}); outcomes: ${list(this.outcomes)}; ${Math.round(this.invalidShare * 100)} % invalid; longest chain ${this.longestChain}`;
  }
}

const add = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
