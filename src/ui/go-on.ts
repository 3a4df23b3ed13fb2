import { tick } from 'svelte';

/** Removes a row of a list; the keyboard goes on in the next row, else the one before, else in what the list stands in. */
export async function goOn(button: HTMLElement, remove: () => void): Promise<void> {
  const row = button.closest('li');
  const other = row?.nextElementSibling ?? row?.previousElementSibling;
  const around = row?.closest<HTMLElement>('section');
  remove();
  await tick();
  const next = other?.querySelectorAll('button') ?? [];
  const last = [...next].at(-1);
  if (last) last.focus();
  else if (around) {
    around.tabIndex = -1;
    around.focus();
  }
}
