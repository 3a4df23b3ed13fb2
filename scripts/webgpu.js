/** How Chromium gets WebGPU without a screen: from the machine's GPU, or played in software. */
import { platform } from 'node:os';
import { chromium } from 'playwright';

/** Containers run as root, which the sandbox refuses. */
const ALWAYS = ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-background-networking'];

/** A WebGPU adapter on the processor: the same everywhere, and slow. */
export const SOFTWARE_FLAGS = [...ALWAYS, '--use-webgpu-adapter=swiftshader'];

/** The machine's own GPU. Linux needs Vulkan switched on; elsewhere it is the default. */
export const GPU_FLAGS = [
  ...ALWAYS,
  '--ignore-gpu-blocklist',
  ...(platform() === 'linux'
    ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface']
    : []),
];

/** The flags for tests: the same software adapter on every machine, unless WHETSTONE_GPU is set. */
export function webgpuFlags(environment = process.env) {
  return environment.WHETSTONE_GPU ? GPU_FLAGS : SOFTWARE_FLAGS;
}

/**
 * What WebGPU finds in a Chromium started with these flags.
 * @param {string} executablePath
 * @param {string[]} flags
 * @returns {Promise<{ name: string, software: boolean, f16: boolean } | null>} null without any adapter
 */
export async function findAdapter(executablePath, flags = GPU_FLAGS) {
  const browser = await chromium.launch({ executablePath, args: flags });
  try {
    const page = await browser.newPage();
    // WebGPU exists on secure pages only; localhost counts as one.
    await page.route('**/*', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>.</title>' }),
    );
    await page.goto('http://localhost/');
    return await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter) return null;
      const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
      const name = [...new Set([vendor, architecture, device, description].filter(Boolean))].join(' ');
      const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(name);
      return { name, software, f16: adapter.features.has('shader-f16') };
    });
  } finally {
    await browser.close();
  }
}
