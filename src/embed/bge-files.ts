import { EngineError } from '../core/model.ts';

export const MODEL = 'Xenova/bge-small-en-v1.5';

/** The model's files as `npm run models` brings them, below its folder. */
export const BGE_FILES = [
  {
    path: 'config.json',
    bytes: 329,
    sha256: '5c9e64e2469c024355c6ebdaed3ebea28ae406b1567f6b7a6b94bbafd4c35d02',
  },
  {
    path: 'tokenizer_config.json',
    bytes: 215,
    sha256: '05357d446eb217634bfcfa567db6c19903f18ee955e9b92e68e8b3096e5cb53c',
  },
  {
    path: 'tokenizer.json',
    bytes: 742_067,
    sha256: 'ffb28886478b9b17a8c06f4fe6741b970d5dd3de13330ccc3b9f686df8a0545a',
  },
  {
    path: 'onnx/model_quantized.onnx',
    bytes: 34_014_426,
    sha256: '6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4',
  },
] as const;

/**
 * All files by their addresses. `base` is the absolute address of the models folder, with a slash at its end. Rejects with
 * EngineError: `unavailable` when one is not to be had, `integrity` when one is not the file that was expected.
 */
export async function checkedFiles(
  base: string,
  report: (file: string, loaded: number, total: number) => void,
  files: readonly { path: string; bytes: number; sha256: string }[] = BGE_FILES,
): Promise<Map<string, Blob>> {
  const found = new Map<string, Blob>();
  for (const { path, bytes, sha256 } of files) {
    const url = `${base}${MODEL}/${path}`;
    const response = await fetch(url);
    // A server that answers unknown addresses with its start page has no such file either.
    const isPage = (response.headers.get('content-type') ?? '').includes('text/html');
    if (!response.ok || isPage || response.body === null)
      throw new EngineError(
        'unavailable',
        `${path} is not to be had at ${url}: the answer was ${response.ok ? 'a web page' : `HTTP status ${response.status}`}.`,
      );
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let loaded = 0;
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      parts.push(next.value);
      loaded += next.value.byteLength;
      report(path, loaded, bytes);
    }
    const blob = new Blob(parts);
    const actual = await sha256Of(blob);
    if (actual !== sha256)
      throw new EngineError(
        'integrity',
        `${url} is not the file that was expected: its SHA-256 is ${actual}, not ${sha256}.`,
        'Delete it where the page is served and run `npm run models` there again.',
      );
    found.set(url, blob);
  }
  return found;
}

async function sha256Of(blob: Blob): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
