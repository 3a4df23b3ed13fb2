/**
 * npm test: sets up whatever is missing, then checks everything, one stage after another.
 * npm test -- unit build    runs only these stages
 * npm test -- --keep-going  goes on after a failing stage
 */
import { ensureDependencies, ensureNode } from './setup.js';

ensureNode();
ensureDependencies();
import('./stages.js')
  .then(({ runStages }) => runStages(process.argv.slice(2)))
  .then((code) => process.exit(code))
  .catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
