import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HalfARequest {
  readonly socket: Socket;
  /** Sends the rest. Resolves to all that was answered, once the service has closed the connection. */
  finish(): Promise<string>;
}

/** A request of which the service waits for the rest: it is under way for as long as the test likes. */
export async function halfASignIn(
  port: number,
  credentials: { readonly email: string; readonly password: string } = { email: 'a@example.test', password: 'x' },
): Promise<HalfARequest> {
  const body = JSON.stringify(credentials);
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(
    `POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await sleep(100);
  return {
    socket,
    finish: async () => {
      const closed = once(socket, 'close');
      socket.write(body.slice(5));
      await closed;
      return answer;
    },
  };
}
