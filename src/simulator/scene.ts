import { CLIP_MS } from './profiles.ts';

/*
 * What the clips show, as pure functions of the clip time: a street with a crossing. The renderer of the clips draws these
 * objects and the metadata generator reports them, so that the boxes match the picture.
 *
 * Lengths are in scene units: the picture is 16 wide and 9 high, the origin is top left, y grows downwards.
 */

export const SCENE_WIDTH = 16;
export const SCENE_HEIGHT = 9;

export type SceneClass = 'Vehicle' | 'Human';

export interface SceneObject {
  /** Stays with the object over all loops. */
  id: number;
  class: SceneClass;
  /** How sure the camera's analytics is, 0 to 1. */
  likelihood: number;
  /** Scene units; nothing of the object is drawn outside, and parts of it may lie outside the picture. */
  box: { left: number; top: number; width: number; height: number };
  /** 1 when it looks to the right, -1 to the left. */
  facing: 1 | -1;
  /** Way covered since its path began, scene units: turns wheels and moves legs. */
  travelled: number;
  /** Red, green, blue, 0 to 255. */
  colour: readonly [number, number, number];
}

/** An object's foot point (middle of its lower edge) at a time of its own, milliseconds since its path began. */
interface Waypoint {
  ms: number;
  x: number;
  y: number;
}

interface Actor {
  id: number;
  class: SceneClass;
  likelihood: number;
  width: number;
  height: number;
  colour: readonly [number, number, number];
  /** Clip time at which the path begins; it may run on over the end of the clip. */
  startMs: number;
  /** At least one; the object is there from the first to the last, for ever where there is only one. */
  path: readonly Waypoint[];
}

const FAR_LANE_Y = 6.15;
const NEAR_LANE_Y = 7.35;

const ACTORS: readonly Actor[] = [
  // Parked at the far kerb.
  {
    id: 1,
    class: 'Vehicle',
    likelihood: 0.98,
    width: 2.5,
    height: 1.0,
    colour: [66, 96, 130],
    startMs: 0,
    path: [{ ms: 0, x: 13.4, y: 5.42 }],
  },
  // Drives through from right to left, over the end of the clip.
  {
    id: 2,
    class: 'Vehicle',
    likelihood: 0.95,
    width: 2.9,
    height: 1.2,
    colour: [226, 178, 58],
    startMs: 7_600,
    path: [
      { ms: 0, x: 17.6, y: FAR_LANE_Y },
      { ms: 4_400, x: -1.6, y: FAR_LANE_Y },
    ],
  },
  // Stops before the crossing, lets the pedestrian pass, goes on.
  {
    id: 3,
    class: 'Vehicle',
    likelihood: 0.97,
    width: 3.1,
    height: 1.3,
    colour: [190, 60, 52],
    startMs: 600,
    path: [
      { ms: 0, x: -1.7, y: NEAR_LANE_Y },
      { ms: 3_000, x: 4.9, y: NEAR_LANE_Y },
      { ms: 5_900, x: 4.9, y: NEAR_LANE_Y },
      { ms: 8_800, x: 17.8, y: NEAR_LANE_Y },
    ],
  },
  // Comes out of the door, takes the crossing, leaves towards the camera.
  {
    id: 4,
    class: 'Human',
    likelihood: 0.93,
    width: 0.62,
    height: 1.45,
    colour: [58, 150, 120],
    startMs: 300,
    path: [
      { ms: 0, x: 9.9, y: 4.75 },
      { ms: 2_200, x: 7.8, y: 5.0 },
      { ms: 3_000, x: 7.6, y: 5.1 },
      { ms: 6_000, x: 7.7, y: 8.1 },
      { ms: 9_300, x: 9.6, y: 10.6 },
    ],
  },
  // Walks up and down on the near pavement.
  {
    id: 5,
    class: 'Human',
    likelihood: 0.9,
    width: 0.66,
    height: 1.6,
    colour: [122, 92, 168],
    startMs: 0,
    path: [
      { ms: 0, x: 12.2, y: 8.7 },
      { ms: 5_000, x: 14.9, y: 8.7 },
      { ms: 10_000, x: 12.2, y: 8.7 },
    ],
  },
  // Goes along the far pavement.
  {
    id: 6,
    class: 'Human',
    likelihood: 0.88,
    width: 0.56,
    height: 1.35,
    colour: [206, 120, 74],
    startMs: 2_500,
    path: [
      { ms: 0, x: -0.4, y: 4.95 },
      { ms: 4_700, x: 3.4, y: 4.95 },
      { ms: 5_300, x: 3.4, y: 4.95 },
      { ms: 10_000, x: -0.4, y: 4.95 },
    ],
  },
];

/** The objects at a clip time in milliseconds, the farthest first, which is the order to draw them in. */
export function sceneAt(clipMs: number): SceneObject[] {
  return ACTORS.flatMap((actor) => {
    const object = appear(actor, clipMs);
    return object === undefined ? [] : [object];
  }).toSorted((a, b) => bottom(a) - bottom(b));
}

/** The part of an object's box that is in the picture, scene units; undefined when hardly anything of it is. */
export function visibleBox(object: SceneObject): { left: number; top: number; right: number; bottom: number } | undefined {
  const { box } = object;
  const left = Math.max(0, box.left);
  const top = Math.max(0, box.top);
  const right = Math.min(SCENE_WIDTH, box.left + box.width);
  const bottom = Math.min(SCENE_HEIGHT, box.top + box.height);
  const share = (Math.max(0, right - left) * Math.max(0, bottom - top)) / (box.width * box.height);
  return share < 0.1 ? undefined : { left, top, right, bottom };
}

function bottom(object: SceneObject): number {
  return object.box.top + object.box.height;
}

function appear(actor: Actor, clipMs: number): SceneObject | undefined {
  const sinceMs = (((clipMs - actor.startMs) % CLIP_MS) + CLIP_MS) % CLIP_MS;
  const last = actor.path.at(-1);
  if (last === undefined || (actor.path.length > 1 && sinceMs > last.ms)) return undefined;
  const { x, y, direction, travelled } = follow(actor.path, sinceMs);
  return {
    id: actor.id,
    class: actor.class,
    likelihood: actor.likelihood,
    box: { left: x - actor.width / 2, top: y - actor.height, width: actor.width, height: actor.height },
    facing: direction,
    travelled,
    colour: actor.colour,
  };
}

function follow(path: readonly Waypoint[], ms: number): { x: number; y: number; direction: 1 | -1; travelled: number } {
  let from = path[0] ?? { ms: 0, x: 0, y: 0 };
  let travelled = 0;
  let direction: 1 | -1 = 1;
  for (const to of path.slice(1)) {
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (to.x !== from.x) direction = to.x > from.x ? 1 : -1;
    if (ms <= to.ms) {
      const share = ease((ms - from.ms) / (to.ms - from.ms));
      return {
        x: from.x + (to.x - from.x) * share,
        y: from.y + (to.y - from.y) * share,
        direction,
        travelled: travelled + length * share,
      };
    }
    travelled += length;
    from = to;
  }
  return { x: from.x, y: from.y, direction, travelled };
}

/** Starts and ends gently, nearly even between: 0 to 1 for 0 to 1. */
function ease(share: number): number {
  return 0.35 * share + 0.65 * share * share * (3 - 2 * share);
}
