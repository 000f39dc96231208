import { describe, expect, it } from 'vitest';
import { BoxesChoice } from '../../../../src/page/metadata/boxes-choice.ts';
import { labelOf } from '../../../../src/page/metadata/box-painter.ts';
import { indentXml } from '../../../../src/page/metadata/indent.ts';
import { pictureIn } from '../../../../src/page/metadata/letterbox.ts';
import { RecentDocuments } from '../../../../src/page/metadata/recent-documents.ts';
import { stepNote } from '../../../../src/page/metadata/step-note.ts';

describe('where the picture lies', () => {
  it.each([
    ['fills an element of its shape', { width: 640, height: 360 }, { width: 1280, height: 720 }, [0, 0, 640, 360]],
    ['has bars above and below', { width: 1280, height: 1000 }, { width: 1280, height: 720 }, [0, 140, 1280, 720]],
    ['has bars left and right', { width: 1600, height: 900 }, { width: 640, height: 480 }, [200, 0, 1200, 900]],
    ['is upright', { width: 1600, height: 900 }, { width: 720, height: 1280 }, [546.875, 0, 506.25, 900]],
  ])('%s', (_name, element, picture, [x, y, width, height]) => {
    expect(pictureIn(element, picture)).toEqual({ x, y, width, height });
  });

  it('is nowhere while there is no picture, or no room', () => {
    expect(pictureIn({ width: 640, height: 360 }, { width: 0, height: 0 })).toBeUndefined();
    expect(pictureIn({ width: 640, height: 0 }, { width: 640, height: 360 })).toBeUndefined();
  });
});

describe('label of a box', () => {
  const box = { left: 0, top: 0, right: 1, bottom: 1 };
  it.each([
    [{ id: '4', box, class: 'Human', likelihood: 0.934 }, 'Human 93 %'],
    [{ id: '4', box, class: 'Human', likelihood: null }, 'Human'],
    [{ id: '4', box, class: null, likelihood: null }, '#4'],
    [{ id: '', box, class: null, likelihood: null }, ''],
  ])('%o', (object, label) => {
    expect(labelOf(object)).toBe(label);
  });
});

describe('a document to read', () => {
  it('has a line for each element where it was written in one', () => {
    const text = '<?xml version="1.0"?>\n<a><b x="1"/><c><d>text</d><!-- why --></c></a>';
    const lines = [
      '<?xml version="1.0"?>',
      '<a>',
      '  <b x="1"/>',
      '  <c>',
      '    <d>text</d>',
      '    <!-- why -->',
      '  </c>',
      '</a>',
    ];
    expect(indentXml(text)).toBe(lines.join('\n'));
  });

  it('is as it was written where it has lines of its own', () => {
    const text = '<?xml version="1.0"?><a>\n\t<b/></a>';
    expect(indentXml(text)).toBe(text);
  });

  it.each(['', 'no XML', '<a><b></a></a></a>', '<a>>>><<<</a>'])('has all its characters, whatever it is: %s', (text) => {
    expect(indentXml(text).replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
  });

  it('is read once, not once for each end that it only begins', () => {
    const text = `<a${'</'.repeat(100_000)}`;
    expect(indentXml(text)).toBe(text);
  });
});

describe('recent documents', () => {
  const document = (text: string) => ({ text, bytes: text.length, at: 0, about: '', frames: [] });

  it('are the newest twenty, newest first; all are counted', () => {
    const recent = new RecentDocuments();
    for (let number = 0; number < 30; number += 1) recent.add(document(`<d${String(number).padStart(2, '0')}/>`));
    expect(recent.newest.map(({ text }) => text)).toHaveLength(20);
    expect(recent.newest[0]?.text).toBe('<d29/>');
    expect([recent.count, recent.bytes]).toEqual([30, 180]);
  });

  it('are bounded in length; the newest is always there', () => {
    const recent = new RecentDocuments();
    for (let number = 0; number < 10; number += 1) recent.add(document(String(number).repeat(1_000_000)));
    expect(recent.newest.map(({ text }) => text[0])).toEqual(['9', '8', '7', '6']);
    recent.add(document('x'.repeat(8_000_000)));
    expect(recent.newest.map(({ text }) => text[0])).toEqual(['x']);
  });
});

describe('boxes that are not in step', () => {
  it.each([
    [
      { why: 'off', aheadMs: 3_600_400 } as const,
      /^Metadata is 3600 s ahead of the picture\. .*not in step.*clock and time zone/,
    ],
    [{ why: 'off', aheadMs: -2600 } as const, /^Metadata is 3 s behind the picture\./],
    [{ why: 'no-picture-time' } as const, /not in step/],
    [{ why: 'no-metadata-time' } as const, /not in step/],
    [null, /^$/],
  ])('%o', (outOfStep, note) => {
    expect(stepNote(outOfStep)).toMatch(note);
  });
});

describe('the choice whether boxes are drawn', () => {
  function storage() {
    const values = new Map<string, string>();
    return { getItem: (key: string) => values.get(key) ?? null, setItem: (key: string, value: string) => values.set(key, value) };
  }

  it('is on at first, and is remembered and told', () => {
    const store = storage();
    const choice = new BoxesChoice(store, new EventTarget());
    let told = 0;
    choice.events.on('change', () => (told += 1));
    expect(choice.isOn).toBe(true);
    choice.toggle();
    expect([choice.isOn, new BoxesChoice(store, new EventTarget()).isOn, told]).toEqual([false, false, 1]);
    choice.toggle();
    expect([choice.isOn, told]).toEqual([true, 2]);
  });

  it('made in another tab is told', () => {
    const page = new EventTarget();
    const choice = new BoxesChoice(storage(), page);
    let told = 0;
    choice.events.on('change', () => (told += 1));
    page.dispatchEvent(new Event('storage'));
    expect(told).toBe(1);
  });
});
