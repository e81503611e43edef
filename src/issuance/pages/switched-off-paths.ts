import { WAY_PATHS } from '../authorization/way-paths.js';
import { ACTIVATE_PATHS } from '../devices/activate-paths.js';
import { PATHS } from '../endpoints/endpoint-table.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** Pages that are nothing without the endpoint they belong to. */
export const switchedOffPaths = ({ endpoints }: ResolvedIssuanceOptions): readonly string[] => [
  ...(endpoints.authorization ? [] : [PATHS.authorization, ...Object.values(WAY_PATHS)]),
  ...(endpoints.device ? [] : Object.values(ACTIVATE_PATHS)),
  ...(endpoints.endSession ? [] : [PATHS.endSession]),
];
