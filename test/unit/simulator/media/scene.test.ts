import { describe, expect, it } from 'vitest';
import { CLIP_MS } from '../../../../src/simulator/profiles.ts';
import { sceneAt, SCENE_HEIGHT, SCENE_WIDTH, visibleBox, type SceneObject } from '../../../../src/simulator/scene.ts';

const FRAME_MS = 40;
const times = Array.from({ length: CLIP_MS / FRAME_MS }, (_, frame) => frame * FRAME_MS);

function byId(clipMs: number): Map<number, SceneObject> {
  return new Map(sceneAt(clipMs).map((object) => [object.id, object]));
}

/** Comes out of a door, in the middle of the picture. */
const PEDESTRIAN_FROM_DOOR = 4;

describe('scene', () => {
  it('shows cars and people, with a moving one of each at any time', () => {
    for (const time of times) {
      const before = byId(time - FRAME_MS);
      const moving = sceneAt(time).filter(
        (object) => before.get(object.id)?.travelled !== object.travelled && visibleBox(object) !== undefined,
      );
      expect(sceneAt(time).map((object) => object.class)).toContain('Vehicle');
      expect(moving.map((object) => object.class)).toContain('Human');
    }
  });

  it('moves every object smoothly, over the end of the clip too, unless it is out of the picture', () => {
    for (const time of times) {
      const before = byId(time - FRAME_MS);
      const now = byId(time);
      const steps = [...before].flatMap(([id, from]) => {
        const to = now.get(id);
        return to === undefined ? [] : [Math.hypot(to.box.left - from.box.left, to.box.top - from.box.top)];
      });
      // 6 scene units a second, and 1.4 times that between start and stop, are as fast as a car drives here.
      expect(Math.max(...steps)).toBeLessThan((6 * 1.4 * FRAME_MS) / 1000);
      const comeOrGone = [...sceneAt(time - FRAME_MS), ...sceneAt(time)].filter(({ id }) => before.has(id) !== now.has(id));
      expect(comeOrGone.filter((object) => object.id !== PEDESTRIAN_FROM_DOOR && visibleBox(object) !== undefined)).toEqual([]);
    }
  });

  it('starts again as it ends', () => {
    expect(sceneAt(CLIP_MS)).toEqual(sceneAt(0));
    expect(sceneAt(-1_500)).toEqual(sceneAt(CLIP_MS - 1_500));
  });

  it('draws what stands nearer later', () => {
    for (const time of times) {
      const feet = sceneAt(time).map(({ box }) => box.top + box.height);
      expect(feet).toEqual(feet.toSorted((a, b) => a - b));
    }
  });

  it('cuts boxes at the edge of the picture and leaves out what is hardly in it', () => {
    const object = (left: number): SceneObject => ({
      id: 1,
      class: 'Vehicle',
      likelihood: 1,
      box: { left, top: 2, width: 4, height: 1 },
      facing: 1,
      travelled: 0,
      colour: [0, 0, 0],
    });
    expect(visibleBox(object(-2))).toEqual({ left: 0, top: 2, right: 2, bottom: 3 });
    expect(visibleBox(object(SCENE_WIDTH - 1))).toEqual({ left: SCENE_WIDTH - 1, top: 2, right: SCENE_WIDTH, bottom: 3 });
    expect(visibleBox(object(-3.9))).toBeUndefined();
    expect(visibleBox({ ...object(3), box: { left: 3, top: SCENE_HEIGHT + 1, width: 1, height: 1 } })).toBeUndefined();
  });
});
