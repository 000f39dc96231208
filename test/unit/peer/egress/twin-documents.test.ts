import { beforeEach, expect, it } from 'vitest';
import { TwinDocuments } from '../../../../src/peer/egress/twin-documents.ts';

const [ONE, OTHER] = [{}, {}];

let documents: TwinDocuments;

beforeEach(() => {
  documents = new TwinDocuments();
});

function isNew(from: object, document: string, isTwin = true): boolean {
  return documents.isNew(from, Buffer.from(document), isTwin);
}

it('what comes from both streams counts once, whichever is first; what one of them sends twice counts twice', () => {
  expect([isNew(ONE, 'a'), isNew(OTHER, 'a'), isNew(OTHER, 'b'), isNew(ONE, 'b')]).toEqual([true, false, true, false]);
  expect([isNew(ONE, 'c'), isNew(ONE, 'c'), isNew(OTHER, 'c'), isNew(OTHER, 'c'), isNew(OTHER, 'c')]).toEqual([
    ...[true, true],
    ...[false, false, true],
  ]);
});

it('what comes while one stream alone is read is expected of no other', () => {
  isNew(ONE, 'left behind');
  expect([isNew(ONE, 'a', false), isNew(OTHER, 'a')]).toEqual([true, true]);
});

it('what the former stream has left behind is forgotten by and by', () => {
  isNew(ONE, 'a');
  isNew(ONE, 'b');
  isNew(OTHER, 'c', false);
  expect([isNew(OTHER, 'a', false), isNew(OTHER, 'b', false)]).toEqual([true, true]);
});

it('no more than 64 documents are waited for', () => {
  for (let number = 0; number <= 64; number += 1) isNew(ONE, String(number));
  expect([isNew(OTHER, '1'), isNew(OTHER, '0')]).toEqual([false, true]);
});
