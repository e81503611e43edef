import { unlessTold } from './told-to-stop.js';

/** Runs a step of the start, unless or until told to stop: then it throws what the process was told by. */
export type Heeding = <T>(step: () => Promise<T>) => Promise<T>;

/** @param embedded whether the database came up with us */
export const heedingOf = (told: AbortSignal, embedded: boolean): Heeding => (embedded ? whenDone(told) : atOnce(told));

/** A database of others may keep a step waiting for as long as it likes. What the step holds goes with the process. */
const atOnce =
  (told: AbortSignal): Heeding =>
  (step) =>
    unlessTold(told, step);

/** Our own database answers, and is not to be stopped under a step that uses it. */
const whenDone =
  (told: AbortSignal): Heeding =>
  (step) => {
    told.throwIfAborted();
    return step();
  };
