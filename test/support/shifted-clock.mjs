// `node --import` this to run a process on a machine whose clock is wrong by CLOCK_SHIFT_MS. The monotonic clock is not.
const shift = Number(process.env.CLOCK_SHIFT_MS);
if (!Number.isFinite(shift)) throw new Error('CLOCK_SHIFT_MS is not set');
const RealDate = Date;

globalThis.Date = class Date extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(RealDate.now() + shift);
    else super(...values);
  }

  static now() {
    return RealDate.now() + shift;
  }
};
