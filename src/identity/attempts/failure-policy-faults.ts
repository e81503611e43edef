import type { FailurePolicy } from '../../storage/failure.store.js';

/** What is wrong with an option, and what to change; false: nothing. */
export type Fault = string | false;

export const failurePolicyFaults = (name: string, { free, firstBlock, longestBlock, forgetAfter }: FailurePolicy): Fault[] => [
  between(`${name}.free`, free, 1, 1_000_000),
  between(`${name}.firstBlock`, firstBlock, 1, 86_400),
  between(`${name}.longestBlock`, longestBlock, 1, 86_400),
  between(`${name}.forgetAfter`, forgetAfter, 1, 30 * 86_400),
  longestBlock < firstBlock && `${name}: longestBlock must not be less than firstBlock.`,
  // Else a patient guesser would find the lock-out forgotten as soon as it ends.
  forgetAfter < longestBlock && `${name}: forgetAfter must not be less than longestBlock.`,
];

export const between = (name: string, value: number, least: number, most: number): Fault =>
  !(Number.isInteger(value) && value >= least && value <= most) && `${name} must be a whole number from ${least} to ${most}.`;
