import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { startService, type TestService, type TestServiceOptions } from './service-app.js';

/**
 * A service whose issuer is an address it answers on, so that libraries find it by discovery: what comes to the issuer's port is passed on to it,
 * byte for byte.
 */
export async function startReachableService({ issuance, ...options }: TestServiceOptions = {}): Promise<TestService> {
  const sockets = new Set<Socket>();
  let target = 0;
  const front = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => [near, far].forEach((each) => each.destroy()));
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const issuer = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const service = await startService({ ...options, issuance: { ...issuance, issuer } });
  target = Number(new URL(service.url).port);
  return {
    ...service,
    close: async () => {
      const closed = once(front, 'close');
      front.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await service.close();
    },
  };
}
