import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const FOLDER = fileURLToPath(new URL('../src/optimizers', import.meta.url));
/** All of it, and without what only a chosen method needs: its options and templates are most of the text. */
const NAMES = ['virtual:methods', 'virtual:method-heads'];

/**
 * Gives the page what all methods are (names, options, templates, loops) as data, so that the code of a method is
 * fetched only when it is used.
 * @returns {import('vite').Plugin}
 */
export function methodsPlugin() {
  return {
    name: 'whetstone-methods',
    resolveId: (id) => (NAMES.includes(id) ? `\0${id}` : null),
    async load(id) {
      if (!NAMES.some((name) => id === `\0${name}`)) return null;
      for (const file of readdirSync(FOLDER)) this.addWatchFile(join(FOLDER, file));
      const { module } = await runnerImport(join(FOLDER, 'index.ts'), {
        configFile: false,
        logLevel: 'error',
      });
      // Functions are left out by JSON; it is parsed faster than a literal of this size.
      const { optimizers } = /** @type {{ optimizers: object[] }} */ (module);
      const heads = id.endsWith('heads');
      const text = JSON.stringify(
        heads ? optimizers.map((one) => ({ ...one, options: {}, prompts: {} })) : optimizers,
      );
      return `export default JSON.parse(${JSON.stringify(text)});`;
    },
  };
}
