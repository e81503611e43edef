import { setTimeout as sleep } from 'node:timers/promises';
import { onServer } from '../../../support/on-server.js';

/** Follows the table beside the log as the unwary do: whatever is above the highest that was seen. Returns the keys it got, after one last look. */
export const followNaively = (url: string, column: 'seq' | 'created_at', stopped: AbortSignal): Promise<Set<string>> =>
  onServer(url, async (client) => {
    const keys = new Set<string>();
    const type = column === 'seq' ? 'bigint' : 'timestamptz';
    const text = `select encode(key, 'hex') as key, ${column}::text as position from naive_log where ${column} > $1::${type} order by ${column}`;
    let position = column === 'seq' ? '0' : '-infinity';
    const look = async (): Promise<void> => {
      const { rows } = await client.query<{ key: string; position: string }>({ name: 'naive', text, values: [position] });
      rows.forEach(({ key }) => keys.add(key));
      position = rows.at(-1)?.position ?? position;
    };
    for (; !stopped.aborted; await sleep(50)) await look();
    await look();
    return keys;
  });
