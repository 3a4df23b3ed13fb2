import { describe, expect, test } from 'vitest';
import { question, render } from '../../src/core/render.ts';
import type { Rendering } from '../../src/core/rendering.ts';
import type { Example, Metric } from '../../src/core/task.ts';

const NONE = { input: '', answer: '' };
const QA = { input: 'Q', answer: 'A' };
const METRIC: Metric = { kind: 'choice', options: ['yes', 'no'] };

describe('question', () => {
  test.each([
    ['question-begin', NONE, 'P\nx'],
    ['question-end', NONE, 'x\nP'],
    ['before', NONE, 'P\n\nx'],
    ['answer-begin', NONE, 'x\nP'],
    ['before', QA, 'P\n\nQ: x\nA:'],
    ['question-begin', QA, 'Q: P\nx\nA:'],
    ['question-end', QA, 'Q: x\nP\nA:'],
    ['answer-begin', QA, 'Q: x\nA: P'],
  ] as const)('%s with markers %o', (position, markers, text) => {
    expect(question('P', position, markers, 'x')).toBe(text);
  });

  test.each(['before', 'question-begin', 'question-end', 'answer-begin'] as const)(
    'an empty prompt leaves no separator at %s',
    (position) => {
      expect(question('', position, QA, 'x')).toBe('Q: x\nA:');
      expect(question('', position, NONE, 'x')).toBe('x');
    },
  );
});

describe('render', () => {
  const shots: Example[] = [
    { id: 's1', input: 'one', gold: ['yes'] },
    { id: 's2', input: 'two', gold: ['no'] },
  ];
  const rendering = (style: Rendering['style'], position: Rendering['position']): Rendering => ({
    style,
    position,
    read: 'decode',
    maxTokens: 8,
  });

  test('a completion with the prompt before: stated once, then the worked examples, then the question', () => {
    const form = { markers: QA, metric: METRIC };
    const { content, stop, optionLead } = render(
      { prompt: 'P', shots },
      'x',
      form,
      rendering('completion', 'before'),
    );
    expect(content).toEqual({ kind: 'completion', text: 'P\n\nQ: one\nA: yes\n\nQ: two\nA: no\n\nQ: x\nA:' });
    expect(stop).toEqual(['\n', '\nQ:']);
    expect(optionLead).toBe(' ');
  });

  test('a completion without markers starts the answer on a new line', () => {
    const form = { markers: NONE, metric: METRIC };
    const { content, optionLead } = render(
      { prompt: 'P', shots: [] },
      'x',
      form,
      rendering('completion', 'question-end'),
    );
    expect(content).toEqual({ kind: 'completion', text: 'x\nP\n' });
    expect(optionLead).toBe('');
  });

  test('a chat repeats the prompt with each worked example and with the final question', () => {
    const form = { markers: NONE, metric: METRIC };
    const { content } = render({ prompt: 'P', shots }, 'x', form, rendering('chat', 'question-end'));
    expect(content).toEqual({
      kind: 'chat',
      messages: [
        { role: 'user', content: 'one\nP' },
        { role: 'assistant', content: 'yes' },
        { role: 'user', content: 'two\nP' },
        { role: 'assistant', content: 'no' },
        { role: 'user', content: 'x\nP' },
      ],
    });
  });

  test.each<[Metric, string[], 'object' | undefined]>([
    [METRIC, ['\n', '\nQ:'], undefined],
    [{ kind: 'choice' }, ['\n', '\nQ:'], undefined],
    [{ kind: 'boolean', yes: 'yes', no: 'no' }, ['\n', '\nQ:'], undefined],
    [{ kind: 'number', decimals: 0 }, ['\n', '\nQ:'], undefined],
    [{ kind: 'exact' }, ['\n', '\nQ:'], undefined],
    [{ kind: 'json', fields: ['a'] }, ['\n\n', '\nQ:'], 'object'],
    [{ kind: 'contains' }, ['\n\n', '\nQ:'], undefined],
    [{ kind: 'rouge-l' }, ['\n\n', '\nQ:'], undefined],
    [{ kind: 'rules' }, ['\n\n', '\nQ:'], undefined],
  ])('what ends an answer of %o', (metric, stop, until) => {
    const form = { markers: QA, metric };
    const candidate = { prompt: 'P', shots: [] };
    const text = render(candidate, 'x', form, rendering('completion', 'before'));
    expect([text.stop, text.until]).toEqual([stop, until]);
    const chat = render(candidate, 'x', form, rendering('chat', 'before'));
    expect([chat.stop, chat.until]).toEqual([[], until]);
  });

  test('patterns of String.replace in a prompt stay as they are', () => {
    const form = { markers: QA, metric: METRIC };
    const { content } = render(
      { prompt: "$& $$ $` $' {input}", shots: [] },
      'x',
      form,
      rendering('completion', 'before'),
    );
    expect(content).toEqual({ kind: 'completion', text: "$& $$ $` $' {input}\n\nQ: x\nA:" });
  });
});
