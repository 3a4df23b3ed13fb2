import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { booleanExpressions } from './generators/boolean-expressions.js';
import { dateUnderstanding } from './generators/date-understanding.js';
import { invoiceTotal } from './generators/invoice-total.js';
import { fileText } from './generators/layout.js';
import { objectCounting } from './generators/object-counting.js';

/** Tasks whose examples are computed: `node tasks/generate.js` writes their files anew, always the same. */
export const generators = [booleanExpressions, objectCounting, dateUnderstanding, invoiceTotal];

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const generator of generators) {
    const task = generator();
    await writeFile(new URL(`${task.id}.json`, import.meta.url), fileText(task));
    console.log(`tasks/${task.id}.json`);
  }
