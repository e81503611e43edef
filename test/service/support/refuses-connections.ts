import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Whether a connection is refused. One of its own, closed at once: `fetch` may have one left that was opened ahead, whose request is still answered while
 * the service drains.
 */
export async function refusesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true;
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return false; // taken, and the port closed meanwhile
    throw error;
  } finally {
    socket.destroy();
  }
}
