/** A drawing of the page as a file of its own. */

/** What a drawing takes from the page's style sheets; a file has none. */
const TAKEN = [
  ...[
    'fill',
    'fill-opacity',
    'stroke',
    'stroke-width',
    'stroke-dasharray',
    'stroke-opacity',
    'stroke-linecap',
  ],
  ...['opacity', 'paint-order', 'font-family', 'font-size', 'font-weight', 'text-anchor', 'visibility'],
];

/**
 * The drawing as an SVG file: colours and fonts as they are on the page now, on its background, with the drawing's
 * accessible name as its title. What only serves the page (classes, keyboard order, marks of its program) is left out.
 */
export function svgFile(drawing: SVGSVGElement, title: string): Blob {
  const copy = document.importNode(drawing, true);
  resolve(drawing, copy);
  const { width, height } = drawing.viewBox.baseVal;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width, height, fill: groundOf(drawing) }))
    ground.setAttribute(name, String(value));
  const name = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  name.textContent = title;
  copy.prepend(name, ground);
  const text = new XMLSerializer().serializeToString(copy);
  return new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', clean(text), '\n'], { type: 'image/svg+xml' });
}

/** XML 1.0 knows no control characters but tab and line ends; a prompt may hold them. */
// eslint-disable-next-line no-control-regex
const clean = (text: string) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');

function resolve(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const name of [...to.getAttributeNames()])
    if (/^(class|style|tabindex|role|aria-|data-)/.test(name)) to.removeAttribute(name);
  for (const name of TAKEN) {
    const value = style.getPropertyValue(name);
    if (value !== '') to.setAttribute(name, value);
  }
  const children = [...to.children];
  [...from.children].forEach((child, i) => {
    const twin = children[i];
    if (twin === undefined) return;
    // Texts that are hidden from eyes serve readers of the page alone.
    if (child.classList.contains('hidden')) twin.remove();
    else resolve(child, twin);
  });
}

/** The first background behind the drawing that is not clear. */
function groundOf(drawing: Element): string {
  for (let at: Element | null = drawing; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor !== 'transparent' && !/^rgba\(.*, 0\)$/.test(backgroundColor)) return backgroundColor;
  }
  return 'white';
}
