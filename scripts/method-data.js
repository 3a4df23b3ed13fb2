import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const FOLDER = fileURLToPath(new URL('../src/optimizers', import.meta.url));
const NAME = 'virtual:methods';

/**
 * Gives the page what all methods are (names, options, templates, loops) as data, so that the code of a method is
 * fetched only when it is used.
 * @returns {import('vite').Plugin}
 */
export function methodsPlugin() {
  return {
    name: 'whetstone-methods',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    async load(id) {
      if (id !== `\0${NAME}`) return null;
      for (const file of readdirSync(FOLDER)) this.addWatchFile(join(FOLDER, file));
      const { module } = await runnerImport(join(FOLDER, 'index.ts'), {
        configFile: false,
        logLevel: 'error',
      });
      // Functions are left out by JSON; it is parsed faster than a literal of this size.
      const text = JSON.stringify(/** @type {{ optimizers: unknown }} */ (module).optimizers);
      return `export default JSON.parse(${JSON.stringify(text)});`;
    },
  };
}
