import type { Attachment } from 'svelte/attachments';

let made = 0;

/**
 * Explains an element in one sentence on hover and on focus; Escape hides it. An element that does something else when
 * it is pressed (`acts`) is silent from then on, and explains itself to the keyboard's focus alone, so that the sentence
 * does not cover what was brought.
 */
export function explained(text: string, acts = false): Attachment<HTMLElement> {
  return (element) => {
    if (text === '') return;
    const tip = document.createElement('span');
    tip.id = `tip-${(made += 1)}`;
    tip.className = 'tip';
    tip.popover = 'manual';
    tip.role = 'tooltip';
    tip.textContent = text;
    element.after(tip);
    element.setAttribute('aria-describedby', tip.id);
    const open = () => tip.matches(':popover-open');

    function show() {
      if (open()) return;
      tip.showPopover();
      const at = element.getBoundingClientRect();
      const size = tip.getBoundingClientRect();
      const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
      const below = at.bottom + 6 + size.height < innerHeight;
      tip.style.left = `${left}px`;
      tip.style.top = `${below ? at.bottom + 6 : at.top - size.height - 6}px`;
    }
    function hide() {
      if (open()) tip.hidePopover();
    }
    function focused() {
      if (!acts || element.matches(':focus-visible')) show();
    }
    function escape(event: KeyboardEvent) {
      if (event.key !== 'Escape' || !open()) return;
      event.stopPropagation();
      hide();
    }
    const gone = new AbortController();
    const { signal } = gone;
    element.addEventListener('pointerenter', show, { signal });
    element.addEventListener('pointerleave', hide, { signal });
    element.addEventListener('focus', focused, { signal });
    element.addEventListener('blur', hide, { signal });
    element.addEventListener('keydown', escape, { signal });
    element.addEventListener('click', acts ? hide : show, { signal });
    return () => {
      gone.abort();
      element.removeAttribute('aria-describedby');
      tip.remove();
    };
  };
}
