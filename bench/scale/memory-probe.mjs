// Loaded before the service (`node --expose-gc --import`): tells its parent what memory is left after everything that can go has gone.
process.on('message', () => {
  globalThis.gc();
  globalThis.gc(); // what finalizers of the first one let go
  process.send(process.memoryUsage());
});
process.channel.unref();
