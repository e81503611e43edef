/** `SOAK=1` (npm run test:soak) runs the larger number. */
export const rounds = (usual: number, soak: number): number => (process.env['SOAK'] === '1' ? soak : usual);
