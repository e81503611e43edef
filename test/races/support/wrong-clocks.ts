import type { StageOptions } from './stage.js';

const shifted = (seconds: number) => ({ preload: ['shifted-clock.mjs'], environment: { CLOCK_SHIFT_MS: String(seconds * 1000) } });

/** The machine of one service is 31 s ahead, that of the other 31 s behind. */
export const AHEAD_AND_BEHIND: NonNullable<StageOptions['each']> = [shifted(31), shifted(-31)];
