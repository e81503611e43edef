import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sourceMapOf } from '../compiled-typescript.mjs';
import '../typescript.mjs';
import { jest } from './globals.mjs';

/**
 * Jest's own runner of a test file, jest-circus, with modules loaded by Node and kept from one file to the next. By default Jest gives each file a
 * context of its own, in which everything is compiled again and begins cold: that was a third of the time of all tests. Price: what a file leaves behind in
 * the process (variables of the environment, statics) the next one finds.
 */
const require = createRequire(import.meta.url);
const circus = require('jest-circus/runner').default;

let files = 0;

/** What jest-circus asks of a runtime. */
const nodesOwn = {
  // Its state and its handlers are those of one file.
  requireInternalModule: (path) => {
    delete require.cache[path];
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
    return require(path);
  },
  requireModule: require,
  setGlobalsForRuntime: () => undefined,
  enterTestCode: () => undefined,
  leaveTestCode: () => undefined,
  unstable_shouldLoadAsEsm: () => true,
  unstable_importModule: (path) => import(`${pathToFileURL(path)}?run=${++files}`),
};

/** The file with the source map of what a line of a stack trace names. */
function sourceMapFor(place) {
  const { protocol, pathname, href } = new URL(place, 'file:');
  return protocol === 'file:' && pathname.endsWith('.ts') ? sourceMapOf(fileURLToPath(href)) : undefined;
}

/** Jest's option `testRunner`. */
export default function run(globalConfig, config, _environment, runtime, path, sendMessageToJest) {
  runtime.getSourceMaps().get = sourceMapFor;
  // What a test that failed has left mocked is not the next file's business.
  return circus(globalConfig, config, { global: globalThis }, nodesOwn, path, sendMessageToJest).finally(() => jest.restoreAllMocks());
}
