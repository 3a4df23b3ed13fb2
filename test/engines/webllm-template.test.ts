import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/core/model.ts';
import { parseTemplate, renderChat } from '../../src/engines/webllm-template.ts';

/** The template of SmolLM2-135M-Instruct, as its mlc-chat-config.json has it. */
const smol = parseTemplate({
  name: 'chatml',
  system_template: '<|im_start|>system\n{system_message}<|im_end|>\n',
  system_message: 'You are a helpful AI assistant named SmolLM, trained by Hugging Face',
  add_role_after_system_message: true,
  roles: { user: '<|im_start|>user', assistant: '<|im_start|>assistant' },
  role_templates: { user: '{user_message}', assistant: '{assistant_message}', tool: '{tool_message}' },
  messages: [],
  seps: ['<|im_end|>\n'],
  role_content_sep: '\n',
  role_empty_sep: '\n',
  stop_str: ['<|im_end|>'],
  stop_token_ids: [2],
  function_string: '',
  use_function_calling: false,
});

/** Two separators in turn, the role left out after a system text, the default `: `. */
const odd = parseTemplate({
  system_template: '[{system_message}]',
  system_message: '',
  add_role_after_system_message: false,
  render_empty_system_message: false,
  roles: { user: 'USER', assistant: 'ASSISTANT' },
  role_templates: { user: '<<{user_message}>>{function_string}' },
  seps: [' ', '</s>'],
});

const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });
const system = (content: string): Message => ({ role: 'system', content });
const texts = (...args: Parameters<typeof renderChat>) =>
  renderChat(...args).map((segment) => segment.map((piece) => piece.text).join(''));

describe('renderChat', () => {
  test('puts the system text of the template first, then each message, then the header of the reply', () => {
    expect(texts(smol, [user('Hello')])).toEqual([
      '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n',
      '<|im_start|>user\nHello<|im_end|>\n',
      '<|im_start|>assistant\n',
    ]);
  });

  test('lets a given system message replace it', () => {
    expect(texts(smol, [system('Be brief.'), user('Hi')])[0]).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n',
    );
  });

  test('keeps what String.replace would take for commands', () => {
    const tricky = "$& $$ $` $' $1 {function_string} {user_message}";
    expect(texts(smol, [system(tricky), user(tricky)])).toEqual([
      `<|im_start|>system\n${tricky}<|im_end|>\n`,
      `<|im_start|>user\n${tricky}<|im_end|>\n`,
      '<|im_start|>assistant\n',
    ]);
  });

  test('marks what came from outside as inert, and only that', () => {
    const pieces = renderChat(smol, [system('S'), user('U'), assistant('A'), user('V')]).flat();
    expect(pieces.filter((piece) => piece.inert).map((piece) => piece.text)).toEqual(['S', 'U', 'A', 'V']);
    expect(renderChat(smol, [user('U')])[0]?.some((piece) => piece.inert)).toBe(false);
  });

  test('takes separators in turn and leaves out the role where the template says so', () => {
    const messages = [system('sys'), user('a'), assistant('b'), user('c')];
    expect(texts(odd, messages)).toEqual([
      '[sys]',
      '<<a>> ',
      'ASSISTANT: b</s>',
      'USER: <<c>> ',
      'ASSISTANT: ',
    ]);
  });

  test('gives no system segment where the template has none to give', () => {
    expect(texts(odd, [user('a')])).toEqual(['USER: <<a>> ', 'ASSISTANT: ']);
  });

  test('continues a last message by the assistant', () => {
    expect(texts(smol, [user('a'), assistant('The answer is')]).at(-1)).toBe(
      '<|im_start|>assistant\nThe answer is',
    );
  });

  test('ends the thinking of a reasoning model before it begins', () => {
    expect(texts(smol, [user('a')], { emptyThinking: true }).at(-1)).toBe(
      '<|im_start|>assistant\n<think>\n\n</think>\n\n',
    );
  });

  test('refuses a chat that no template has', () => {
    expect(() => renderChat(smol, [])).toThrow('needs a message');
    expect(() => renderChat(smol, [system('only')])).toThrow('needs a message');
    expect(() => renderChat(smol, [user('a'), system('late')])).toThrow('first and only once');
  });

  test('refuses a configuration without separators', () => {
    expect(() => parseTemplate({ ...smol, seps: [] })).toThrow();
    expect(() => parseTemplate(undefined)).toThrow();
  });
});
