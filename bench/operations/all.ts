import type { Operation } from '../measure/side.js';
import { guards } from './guards.js';
import { manyConnections } from './many-connections.js';
import { protocolOperations } from './protocol.js';
import { sessions } from './sessions.js';

export const operations: readonly Operation[] = [...protocolOperations, ...manyConnections, ...guards, ...sessions];
