import { expect, test } from 'vitest';
import { faultsOfHosts, faultsOfPage, faultsOfScript, faultsOfStyles } from '../../scripts/check-build.js';

const script = (text: string) => faultsOfScript('a.js', text);

test.each([
  ['eval("1")'],
  ['(0,eval)("1")'],
  ['const run = eval; run("1")'],
  ['globalThis.x = { go: eval }'],
  ['new Function("return 1")()'],
  ['Function("return 1")()'],
  ['setTimeout("go()", 10)'],
  ['import("https://cdn.example/x.js")'],
  ['import x from "//cdn.example/x.js"; x()'],
  ['importScripts("https://cdn.example/x.js")'],
  ['const text = "self.onmessage = () => eval(1)"'],
  ['const text = `postMessage((0,eval)("1"))`'],
  ['go();\n//# sourceMappingURL=https://maps.example/a.js.map'],
  ['go();\n//# sourceMappingURL=a.js.map'],
])('a script is refused: %s', (text) => {
  expect(script(text)).toHaveLength(1);
});

test.each([
  ['model.eval()'],
  ['const o = { eval: 1 }; o.eval'],
  ['typeof Function'],
  ['setTimeout(() => go(), 10)'],
  ['import("./x.js")'],
  ['const words = "an evaluation (of prompts)"'],
])('a script passes: %s', (text) => {
  expect(script(text)).toEqual([]);
});

const META = `<meta charset="utf-8" /><meta http-equiv="Content-Security-Policy" content="default-src 'self'" />`;

test.each([
  ['no policy', '<script src="./a.js"></script>'],
  ['a script before the policy', `<script src="./a.js"></script>${META}`],
  ['an inline script', `${META}<script>go()</script>`],
  ['a handler', `${META}<button onclick="go()">x</button>`],
  ['a style', `${META}<p style="color: red">x</p>`],
  ['a style sheet inside', `${META}<style>p { color: red }</style>`],
  ['a script from elsewhere', `${META}<script src="https://cdn.example/a.js"></script>`],
  ['a style sheet from elsewhere', `${META}<link rel="stylesheet" href="//cdn.example/a.css" />`],
  ['unsafe styles', META.replace("'self'", "'self' 'unsafe-inline'")],
])('a page is refused: %s', (_what, text) => {
  expect(faultsOfPage('index.html', text).length).toBeGreaterThan(0);
});

test('a page with its policy first and everything from its own origin passes', () => {
  const text = `${META}<script src="./guard.js"></script><script type="module" crossorigin src="./assets/a.js"></script>`;
  expect(faultsOfPage('index.html', text)).toEqual([]);
});

test('style sheets ask nobody else', () => {
  expect(faultsOfStyles('a.css', '@import "x.css"; a{background:url(https://x.example/i.png)}')).toHaveLength(
    2,
  );
  expect(faultsOfStyles('a.css', 'a{background:url(./i.png);mask:url("#m")}')).toEqual([]);
});

test('a host that nobody has looked at is named', () => {
  expect(faultsOfHosts('a.js', 'x("https://huggingface.co/a", "https://beacon.example/t")')).toEqual([
    expect.stringContaining('beacon.example'),
  ]);
});
