import type { Candidate } from './candidate.ts';
import type { Op, Part } from './events.ts';
import type { AskOptions, Tools } from './optimizer.ts';
import type { Example } from './task.ts';

/** How a batch of candidates is asked for. */
export interface ProposalRequest {
  slot: string;
  /** The meta-prompt; built anew for each ask only if it is a function. */
  parts: readonly Part[];
  ask: AskOptions;
  /** Reads the prompt out of a reply; null when there is none. */
  parse: (reply: string) => string | null;
  parents: readonly Candidate[];
  origin: string;
  /** Worked examples that the candidates carry; none by default. */
  shots?: readonly Example[];
  /** Allow texts that are candidates already; they come back as those candidates. */
  repeats: boolean;
  /** Turns a usable candidate away with a reason, or null to keep it. */
  screen?: (candidate: Candidate) => string | null;
}

/**
 * Asks `count` times for one candidate each; an ask whose reply gives nothing usable is repeated up to `retries`
 * times, then given up. The result is distinct and may be shorter than `count`.
 */
export async function* proposals(
  tools: Tools,
  request: ProposalRequest,
  count: number,
  retries: number,
): Op<Candidate[]> {
  const found = new Map<string, Candidate>();
  for (let i = 0; i < count; i++) {
    for (let attempt = 0; attempt <= retries; attempt++) {
      const reply = yield* tools.ask(request.slot, request.parts, request.ask);
      if (reply === null) break;
      const candidate = yield* tools.propose(request.parse(reply), request);
      if (candidate === null) continue;
      const reason = request.screen?.(candidate) ?? null;
      if (reason !== null) {
        const parents = candidate.parents;
        yield { type: 'rejected', step: candidate.step, text: candidate.prompt, reason, parents };
        continue;
      }
      found.set(candidate.id, candidate);
      break;
    }
  }
  return [...found.values()];
}

/** Tagged answer of a chat, or the first line of a continuation. */
export function firstLine(reply: string): string | null {
  const line = reply.trimStart().split('\n', 1)[0]?.trim() ?? '';
  return line === '' ? null : line;
}
