import * as v from 'valibot';
import { EngineError, type Message } from '../core/model.ts';

/**
 * The chat template of an MLC model (`conv_template` in mlc-chat-config.json), rendered here rather than by web-llm,
 * because web-llm puts texts in by String.replace with a pattern string: `$&`, `$$` and `{function_string}` in a prompt
 * would be changed on the way to the model. For ordinary text the result is web-llm's own.
 */
const templateSchema = v.object({
  system_template: v.string(),
  system_message: v.string(),
  roles: v.object({ user: v.string(), assistant: v.string() }),
  role_templates: v.optional(v.object({ user: v.optional(v.string()), assistant: v.optional(v.string()) })),
  seps: v.pipe(v.array(v.string()), v.minLength(1)),
  role_content_sep: v.optional(v.string(), ': '),
  role_empty_sep: v.optional(v.string(), ': '),
  stop_str: v.optional(v.array(v.string()), []),
  stop_token_ids: v.optional(v.array(v.number()), []),
  system_prefix_token_ids: v.nullish(v.array(v.number())),
  add_role_after_system_message: v.optional(v.boolean(), true),
  render_empty_system_message: v.optional(v.boolean(), true),
});
export type ChatTemplate = v.InferOutput<typeof templateSchema>;

/** Throws v.ValiError when the model's configuration has no usable template. */
export function parseTemplate(outside: unknown): ChatTemplate {
  return v.parse(templateSchema, outside);
}

/** A stretch of a prompt. Text of prompts and data is inert: a special token spelled out in it has no effect. */
export interface Piece {
  text: string;
  inert: boolean;
}

/** One segment is tokenized on its own, as web-llm does: the system text, then each message, then the reply's header. */
export type Segment = readonly Piece[];

/** What a reasoning model (Qwen3) is given when it shall answer at once: its thinking, already over. */
const EMPTY_THINKING = '<think>\n\n</think>\n\n';

/**
 * The segments of a chat, ending where the reply begins. A first message by the system replaces the template's own
 * system text; a last message by the assistant is the beginning of the reply, which the model then continues.
 */
export function renderChat(
  template: ChatTemplate,
  messages: readonly Message[],
  options: { emptyThinking?: boolean } = {},
): Segment[] {
  const [first, ...later] = messages;
  const given = first?.role === 'system' ? first.content : null;
  const turns = given === null ? messages : later;
  if (turns.length === 0) throw new EngineError('refused', 'A chat needs a message by the user.');

  const system = renderSystem(template, given);
  const segments: Segment[] = system ? [system] : [];
  turns.forEach((message, i) => {
    if (message.role === 'system') {
      throw new EngineError('refused', 'A chat has its system message first and only once.');
    }
    const withRole = i > 0 || !system || template.add_role_after_system_message;
    const role = withRole ? template.roles[message.role] + template.role_content_sep : '';
    const { before, after } = around(template.role_templates?.[message.role], `{${message.role}_message}`);
    const continued = message.role === 'assistant' && i === turns.length - 1;
    const end = continued ? '' : after + (template.seps[i % template.seps.length] ?? '');
    segments.push([
      { text: role + before, inert: false },
      { text: message.content, inert: true },
      { text: end, inert: false },
    ]);
  });
  if (turns.at(-1)?.role === 'user') {
    const header = options.emptyThinking
      ? template.role_content_sep + EMPTY_THINKING
      : template.role_empty_sep;
    segments.push([{ text: template.roles.assistant + header, inert: false }]);
  }
  return segments;
}

function renderSystem(template: ChatTemplate, given: string | null): Segment | null {
  const message = given ?? template.system_message;
  if (message === '' && !template.render_empty_system_message) return null;
  const { before, after } = around(template.system_template, '{system_message}');
  if (before + message + after === '') return null;
  return [
    { text: before, inert: false },
    // The template's own text may name special tokens on purpose; a given one may not.
    { text: message, inert: given !== null },
    { text: after, inert: false },
  ];
}

/** The template's text before and after the place of the message, without the slot for tools, which are never given. */
function around(template: string | undefined, place: string): { before: string; after: string } {
  if (template === undefined) return { before: '', after: '' };
  const at = template.indexOf(place);
  const [before, after] =
    at < 0 ? [template, ''] : [template.slice(0, at), template.slice(at + place.length)];
  const slot = '{function_string}';
  return before.includes(slot)
    ? { before: without(before, slot), after }
    : { before, after: without(after, slot) };
}

function without(text: string, part: string): string {
  const at = text.indexOf(part);
  return at < 0 ? text : text.slice(0, at) + text.slice(at + part.length);
}
