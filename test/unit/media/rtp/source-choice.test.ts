import { expect, it } from 'vitest';
import { SourceChoice } from '../../../../src/media/rtp/source-choice.ts';

/** A packet each 10 ms, of the sources that the letters are. */
function hear(choice: SourceChoice, letters: string, fromMs = 0): string {
  return [...letters].map((letter, index) => choice.hear(letter.charCodeAt(0), fromMs + index * 10)[0]).join('');
}

const A = 'A'.charCodeAt(0);
const B = 'B'.charCodeAt(0);

it('an encoder that starts anew is heard from its first packet on', () => {
  const choice = new SourceChoice();
  expect(choice.ssrc).toBeUndefined();
  expect(hear(choice, 'AAABBB')).toBe('nkknkk');
  expect(choice.ssrc).toBe(B);
});

it('of sources that send by turns one is heard, and one change is all', () => {
  expect(hear(new SourceChoice(), 'ABABABAABBAABB')).toBe('nnokokookkookk');
  expect(hear(new SourceChoice(), 'ABCABCABC')).toBe('nnnookook');
});

it('a source that was left and goes on is heard again once the newer one has been silent for a second', () => {
  const choice = new SourceChoice();
  hear(choice, 'AB');
  expect(choice.hear(A, 500)).toBe('other');
  expect(choice.hear(A, 1009)).toBe('other');
  expect(choice.hear(A, 1010)).toBe('new');
  expect(choice.hear(A, 1011)).toBe('known');
});

it('a source that has been away takes over at once', () => {
  const choice = new SourceChoice();
  for (let ms = 0; ms < 2000; ms += 100) choice.hear(ms < 500 ? A : B, ms);
  expect(choice.hear(A, 2000)).toBe('new');
});

it('the announced source goes before all others, from when it shows and for as long as it sends', () => {
  expect(hear(new SourceChoice(A), 'BBAABBA')).toBe('nknkook');
  expect(hear(new SourceChoice(A), 'ABCBC')).toBe('noooo');
  const choice = new SourceChoice(A);
  hear(choice, 'A');
  expect(choice.hear(B, 1000)).toBe('new');
  expect(choice.hear(A, 1001)).toBe('new');
  expect(choice.hear(B, 1002)).toBe('other');
});

it('a camera with a new source for each packet costs no memory', () => {
  const choice = new SourceChoice();
  for (let ssrc = 0; ssrc < 10_000; ssrc += 1) expect(choice.hear(ssrc, ssrc / 100)).toBe('new');
  // The first of them is long forgotten.
  expect(choice.hear(0, 100)).toBe('new');
  expect(choice.hear(9998, 100)).toBe('other');
});
