import { mount } from 'svelte';
import { makeWhetstone } from './app/whetstone.ts';
import App from './ui/App.svelte';
import './ui/theme.css';

const target = document.querySelector('#app');
if (target) {
  try {
    // Nothing begins that is not held to what the user allows; the development server has no guard.
    if (import.meta.env.PROD && globalThis.whetstoneGuard === undefined)
      throw new Error('its first part (guard.js) did not arrive or could not run.');
    const whetstone = makeWhetstone();
    // The console and scripts (npm run demo) work with the same object as the page.
    Object.assign(globalThis, { whetstone });
    target.replaceChildren();
    mount(App, { target, props: { whetstone } });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    target.textContent = `Whetstone could not start: ${reason} Nothing was changed or lost. Reload the page; if that does not help, a current Chrome, Edge, Firefox or Safari will.`;
    throw thrown;
  }
}
