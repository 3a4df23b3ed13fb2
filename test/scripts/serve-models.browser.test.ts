import { describe, expect, it } from 'vitest';

const MODELS = new URL('models/', new URL(import.meta.env.BASE_URL, location.href));

describe('the models as the page sees them', () => {
  it('are listed, and what is listed is there with its size', async () => {
    const { files } = await (await fetch(new URL('index.json', MODELS))).json();
    expect(Array.isArray(files)).toBe(true);
    for (const { path, bytes } of files) {
      const response = await fetch(new URL(path, MODELS), { method: 'HEAD' });
      expect([path, response.status, response.headers.get('content-length')]).toEqual([
        path,
        200,
        String(bytes),
      ]);
    }
  });

  it('can be read in parts', async (context) => {
    const { files } = await (await fetch(new URL('index.json', MODELS))).json();
    const file = files.find(({ path }: { path: string }) => path.endsWith('.gguf'));
    if (!file) return context.skip('The small models are not on this machine: npm run models.');
    const part = await fetch(new URL(file.path, MODELS), { headers: { Range: 'bytes=0-3' } });
    expect([part.status, await part.text()]).toEqual([206, 'GGUF']);
  });

  it('are really missing when they are missing', async () => {
    const response = await fetch(new URL('nothing.gguf', MODELS));
    expect([response.status, response.headers.get('content-type')]).toEqual([
      404,
      'text/plain; charset=utf-8',
    ]);
  });

  it('do not cost the page its isolation', () => {
    expect(window.crossOriginIsolated).toBe(true);
  });
});
