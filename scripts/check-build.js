/**
 * Looks through the built files for what the content security policy would refuse, or what could ask anyone but this
 * origin: node scripts/check-build.js [folder]. A stage of npm test runs it after the build.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { isEntry, ROOT } from './setup.js';

/**
 * Hosts that stand in the built files, and why each may: `hub` is asked while downloads are on, `link` only when
 * somebody follows a link, `text` never (a name, an example, a message), `dead` by code that is never run here, and the
 * policy refuses it if it ever should be.
 * @type {Record<string, 'hub' | 'link' | 'text' | 'dead'>}
 */
export const HOSTS = {
  'huggingface.co': 'hub',
  'raw.githubusercontent.com': 'hub',
  'arxiv.org': 'link',
  'aima.cs.berkeley.edu': 'link',
  'webgpureport.org': 'text',
  'github.com': 'text',
  'gist.github.com': 'text',
  'developer.mozilla.org': 'text',
  'bit.ly': 'text',
  'svelte.dev': 'text',
  'www.w3.org': 'text',
  'piece.invalid': 'text',
  localhost: 'text',
  'models.example.com': 'text',
  '10.0.0.5': 'text',
  '127.0.0.1': 'text',
  // Where onnxruntime-web and transformers.js would get their WASM files; bge.worker.ts names ours.
  'cdn.jsdelivr.net': 'dead',
};

/**
 * What is wrong with the script, one line each: eval in any form, code made of text, code or a source map from elsewhere.
 * @param {string} name
 * @param {string} text
 */
export function faultsOfScript(name, text) {
  /** @type {string[]} */
  const faults = [];
  const say = (/** @type {string} */ what, /** @type {number} */ at) =>
    faults.push(`${name}: ${what}: ${text.slice(Math.max(0, at - 40), at + 60).replace(/\s+/g, ' ')}`);
  for (const { index } of text.matchAll(/[#@]\s*sourceMappingURL=(?!data:)/g)) say('a source map', index);
  walk(parseSync(name, text).program, (node, parent, key) => {
    const at = Number(node['start']);
    // A name of a field is no use of eval.
    const field =
      (parent?.['type'] === 'MemberExpression' && key === 'property') ||
      (parent?.['type'] === 'Property' && key === 'key');
    if (node['type'] === 'Identifier' && node['name'] === 'eval' && !field) say('eval', at);
    const callee = asNode(node['callee']);
    const called = callee?.['type'] === 'Identifier' ? callee['name'] : null;
    const [first] = Array.isArray(node['arguments']) ? node['arguments'].map(asNode) : [];
    const literal =
      first?.['type'] === 'Literal' && typeof first['value'] === 'string' ? first['value'] : null;
    if (called === 'Function') say('code made of text', at);
    if ((called === 'setTimeout' || called === 'setInterval') && literal !== null)
      say('a timer that runs text', at);
    if (called === 'importScripts' && literal !== null && /^\w+:/.test(literal))
      say('a script from elsewhere', at);
    const source = asNode(node['source'])?.['value'];
    if (typeof source === 'string' && /^(?:\w+:|\/\/)/.test(source)) say('a module from elsewhere', at);
    // Programs of workers that are kept as text.
    const words =
      node['type'] === 'TemplateElement'
        ? String(Reflect.get(Object(node['value']), 'raw'))
        : node['type'] === 'Literal'
          ? String(node['value'])
          : '';
    for (const { index } of words.matchAll(/\beval\)?\s*\(|\bnew Function\s*\(/g))
      say(`${words.slice(index, index + 20)} inside a text`, at);
  });
  return faults;
}

/**
 * @param {string} name
 * @param {string} text
 */
export function faultsOfPage(name, text) {
  /** @type {string[]} */
  const faults = [];
  const say = (/** @type {string} */ what) => faults.push(`${name}: ${what}`);
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text);
  if (!policy) say('no content security policy');
  else if (/unsafe-(?:inline|hashes)|'unsafe-eval'/.test(policy[1] ?? ''))
    say(`a policy that allows more than it should: ${policy[1]}`);
  const before = text.slice(0, policy?.index ?? 0);
  if (/<(?:script|link|style|img)\b/.test(before)) say('something is loaded before the policy');
  for (const [tag] of text.matchAll(/<script\b[^>]*>/g))
    if (!/\ssrc=/.test(tag)) say(`an inline script: ${tag}`);
  for (const [tag] of text.matchAll(/<[a-z][^>]*\s(?:on\w+|style)=[^>]*>/g))
    say(`an inline handler or style: ${tag}`);
  if (/<style\b/.test(text)) say('an inline style sheet');
  for (const [, address] of text.matchAll(/\s(?:src|href)="([^"]*)"/g))
    if (/^(?:\w+:|\/\/)/.test(address ?? '')) say(`an address elsewhere: ${address}`);
  return faults;
}

/**
 * @param {string} name
 * @param {string} text
 */
export function faultsOfStyles(name, text) {
  const found = text.match(/@import[^;]*|url\(\s*['"]?(?:\w+:|\/\/)[^)]*\)|sourceMappingURL=\S*/g) ?? [];
  return found.map((one) => `${name}: asks elsewhere: ${one}`);
}

/** @param {string} name @param {string} text */
export function faultsOfHosts(name, text) {
  const hosts = new Set(
    [...text.matchAll(/\b(?:https?|wss?):\/\/([\w.-]*\w)/g)].map(([, host]) => host ?? ''),
  );
  return [...hosts]
    .filter((host) => !(host in HOSTS))
    .map((host) => `${name}: names ${host}, which scripts/check-build.js does not know`);
}

/** @param {string} folder of the built page */
export function faultsOf(folder) {
  /** @type {string[]} */
  const faults = [];
  let scripts = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:html|js|css)$/.test(name)) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    faults.push(...faultsOfHosts(name, text));
    if (name.endsWith('.html')) faults.push(...faultsOfPage(name, text));
    else if (name.endsWith('.css')) faults.push(...faultsOfStyles(name, text));
    else {
      scripts++;
      faults.push(...faultsOfScript(name, text));
    }
  }
  if (scripts === 0) faults.push(`There is no script in ${folder}: build the page first.`);
  return faults;
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown> | null}
 */
function asNode(value) {
  return typeof value === 'object' && value !== null && 'type' in value ? { ...value } : null;
}

/**
 * @param {unknown} node
 * @param {(node: Record<string, unknown>, parent: Record<string, unknown> | null, key: string) => void} visit
 * @param {Record<string, unknown> | null} [parent]
 */
function walk(node, visit, parent = null, key = '') {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit, parent, key);
    return;
  }
  const found = asNode(node);
  if (found === null) return;
  visit(found, parent, key);
  for (const [name, value] of Object.entries(found))
    if (typeof value === 'object') walk(value, visit, found, name);
}

if (isEntry(import.meta.url)) {
  const faults = faultsOf(process.argv[2] ?? join(ROOT, 'dist'));
  for (const fault of faults) console.error(fault);
  console.log(
    faults.length === 0
      ? 'The built files ask nobody else and make no code of text.'
      : `${faults.length} faults.`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}
