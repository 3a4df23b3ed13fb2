import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { navigation } from './generators/navigation.js';
import { wordSorting } from './generators/word-sorting.js';
import { shuffledObjects } from './generators/shuffled-objects.js';
import { incidentTriage } from './generators/incident-triage.js';
import { orderExtraction } from './generators/order-extraction.js';
import { calmReplies } from './generators/calm-replies.js';
import { redaction } from './generators/redaction.js';
import { mailRouting } from './generators/mail-routing.js';
import { lengthNormalisation } from './generators/length-normalisation.js';
import { dateNormalisation } from './generators/date-normalisation.js';
import { booleanExpressions } from './generators/boolean-expressions.js';
import { dateUnderstanding } from './generators/date-understanding.js';
import { invoiceTotal } from './generators/invoice-total.js';
import { fileText } from './generators/layout.js';
import { objectCounting } from './generators/object-counting.js';

/** Tasks whose examples are computed: `node tasks/generate.js` writes their files anew, always the same. */
export const generators = [
  booleanExpressions,
  objectCounting,
  dateUnderstanding,
  invoiceTotal,
  navigation,
  wordSorting,
  shuffledObjects,
  incidentTriage,
  orderExtraction,
  calmReplies,
  redaction,
  mailRouting,
  lengthNormalisation,
  dateNormalisation,
];

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const generator of generators) {
    const task = generator();
    await writeFile(new URL(`${task.id}.json`, import.meta.url), fileText(task));
    console.log(`tasks/${task.id}.json`);
  }
