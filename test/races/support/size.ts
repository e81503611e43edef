/** `SOAK=1`: npm run test:soak. */
export const SOAK = process.env['SOAK'] === '1';

/** The soak runs the larger number. */
export const rounds = (usual: number, soak: number): number => (SOAK ? soak : usual);

/** Milliseconds a suite may take on a machine that has other things to do; on two free cores it is a fifth of that at most. */
export const PATIENCE = 300_000;
