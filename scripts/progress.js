/** One long transfer on the terminal: a bar where there is one, else a line for every tenth. */

const WIDTH = 30;

/**
 * @param {string} label
 * @param {number} total bytes
 * @param {(line: string) => void} log used where the output is no terminal
 * @param {NodeJS.WriteStream} [terminal]
 * @returns {{ update(done: number): void, end(): void }} `end` closes the line that the bar stands on
 */
export function progress(label, total, log, terminal = process.stdout) {
  let shown = -1;
  return {
    update(done) {
      const share = total > 0 ? Math.min(done / total, 1) : 1;
      const state = Math.floor(share * (terminal.isTTY ? 100 : 10));
      if (state === shown) return;
      // The first tenth of a plain log says nothing yet.
      const silent = shown === -1 && state === 0 && !terminal.isTTY;
      shown = state;
      if (silent) return;
      if (!terminal.isTTY) return log(`  ${label}: ${state * 10} % of ${megabytes(total)}`);
      const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
      terminal.write(`\r  ${label} [${bar}] ${String(state).padStart(3)} % of ${megabytes(total)}`);
    },
    end() {
      if (terminal.isTTY && shown >= 0) terminal.write('\n');
    },
  };
}

/**
 * Bytes as a person reads them.
 * @param {number} bytes
 */
export function megabytes(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}
