/** A client of a gateway: of `ws`, which can be paused, or of socket.io, whose packets can be held back. */
export interface HoldableClient {
  pause?(): void;
  resume?(): void;
  use?(middleware: (packet: unknown, next: () => void) => void): unknown;
}

/** No handler sees a message before `admitted`, and none at all after it was refused. */
export function holdMessages(client: HoldableClient, admitted: Promise<boolean>): void {
  if (client.use) {
    let isAdmitted = false;
    client.use((_packet, next) => (isAdmitted ? next() : void admitted.then((yes) => yes && next())));
    void admitted.then((yes) => (isAdmitted = yes));
    return;
  }
  client.pause?.();
  void admitted.then(() => client.resume?.());
}
