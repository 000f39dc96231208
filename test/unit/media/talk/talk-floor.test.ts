import { describe, expect, it } from 'vitest';
import { FLOOR_HOLD_MS, TalkFloor } from '../../../../src/media/talk/talk-floor.ts';

describe('the floor', () => {
  it('is with whoever is audible first, and the second is refused once', () => {
    const floor = new TalkFloor();
    expect(floor.hear('anna', false, 0)).toBe('unheard');
    expect(floor.hear('bert', true, 20)).toBe('granted');
    expect(floor.hear('anna', true, 40)).toBe('refused');
    expect(floor.hear('anna', true, 60)).toBe('unheard');
    expect(floor.hear('bert', false, 80)).toBe('granted');
    expect(floor.holder(100)).toBe('bert');
  });

  it('is free a while after the last audible word, not after the last packet', () => {
    const floor = new TalkFloor();
    floor.hear('anna', true, 0);
    for (let nowMs = 20; nowMs < FLOOR_HOLD_MS; nowMs += 20) floor.hear('anna', false, nowMs);
    expect(floor.holder(FLOOR_HOLD_MS)).toBe('anna');
    expect(floor.hear('anna', false, FLOOR_HOLD_MS + 20)).toBe('unheard');
    expect(floor.hear('bert', true, FLOOR_HOLD_MS + 40)).toBe('granted');
  });

  it('is not for one who was refused and talks on, until he falls silent', () => {
    const floor = new TalkFloor();
    floor.hear('anna', true, 0);
    floor.hear('bert', true, 20);
    for (let nowMs = 40; nowMs < 5000; nowMs += 20) expect(floor.hear('bert', true, nowMs)).toBe('unheard');
    expect(floor.holder(5000)).toBeUndefined();
    expect(floor.hear('bert', true, 5600)).toBe('granted');
  });

  it('is refused again to one who tries again while the other still talks', () => {
    const floor = new TalkFloor();
    floor.hear('anna', true, 0);
    expect(floor.hear('bert', true, 20)).toBe('refused');
    floor.hear('anna', true, 1000);
    expect(floor.hear('bert', true, 1020)).toBe('refused');
  });

  it('is free at once when its holder leaves, and when the camera cannot hear him', () => {
    const floor = new TalkFloor();
    floor.hear('anna', true, 0);
    floor.leave('anna');
    expect(floor.hear('bert', true, 20)).toBe('granted');
    floor.refuse('bert', 40);
    expect(floor.holder(40)).toBeUndefined();
    expect(floor.hear('bert', true, 60)).toBe('unheard');
    expect(floor.hear('anna', true, 60)).toBe('granted');
  });
});
