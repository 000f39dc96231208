import { sceneAt, visibleBox } from '../scene.ts';

/** Over which stretch of the clip motion is looked for, milliseconds. */
const WINDOW_MS = 100;

/** Whether the camera's motion detector, which looks at the road, sees a vehicle move at a clip time in milliseconds. */
export function isMotionAt(clipMs: number): boolean {
  const before = new Map(sceneAt(clipMs - WINDOW_MS).map((object) => [object.id, object.travelled]));
  return sceneAt(clipMs).some(
    (object) =>
      object.class === 'Vehicle' &&
      visibleBox(object) !== undefined &&
      before.has(object.id) &&
      before.get(object.id) !== object.travelled,
  );
}
