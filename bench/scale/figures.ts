/** Of the middle two the lower one. NaN of nothing. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which that share of the others lie. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length - 1) * share))] ?? NaN;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));
