import type { SceneObject } from '../../src/simulator/scene.ts';
import type { Canvas, Colour, Point } from './canvas.ts';

/** Draws an object inside its box. */
export function drawObject(canvas: Canvas, object: SceneObject): void {
  if (object.class === 'Vehicle') drawCar(canvas, object);
  else drawPerson(canvas, object);
}

function drawCar(canvas: Canvas, { box, colour, facing, travelled }: SceneObject): void {
  const { left, top, width, height } = box;
  // From the rear (0) to the front (1) and from the roof (0) to the ground (1).
  const at = (along: number, down: number): Point => [left + width * (facing === 1 ? along : 1 - along), top + height * down];
  const shape = (...corners: [number, number][]): Point[] => {
    const points = corners.map(([along, down]) => at(along, down));
    return facing === 1 ? points : points.reverse();
  };
  const dark = shade(colour, 0.62);
  canvas.rectangle(left + 0.05 * width, top + height * 0.93, width * 0.9, height * 0.07, [20, 20, 24], {
    radius: height * 0.03,
    alpha: 0.45,
  });
  canvas.polygon(shape([0.14, 0.46], [0.27, 0], [0.63, 0], [0.8, 0.46]), colour);
  canvas.polygon(shape([0.2, 0.44], [0.295, 0.08], [0.45, 0.08], [0.45, 0.44]), [52, 68, 82]);
  canvas.polygon(shape([0.48, 0.44], [0.48, 0.08], [0.61, 0.08], [0.74, 0.44]), [52, 68, 82]);
  canvas.polygon(shape([0.53, 0.44], [0.56, 0.08], [0.6, 0.08], [0.57, 0.44]), [132, 156, 172], 0.7);
  canvas.rectangle(left, top + height * 0.42, width, height * 0.4, colour, { radius: height * 0.16 });
  canvas.rectangle(left, top + height * 0.68, width, height * 0.14, dark, { radius: height * 0.07 });
  const [doorX, doorY] = at(0.47, 0.45);
  canvas.rectangle(doorX - 0.015, doorY, 0.03, height * 0.3, dark);
  const lamp = (along: number, light: Colour): void => {
    const [x, y] = at(along, 0.55);
    canvas.rectangle(x - width * 0.02, y - height * 0.06, width * 0.04, height * 0.12, light, { radius: 0.03 });
  };
  lamp(0.975, [250, 240, 190]);
  lamp(0.025, [200, 30, 30]);
  for (const along of [0.2, 0.8]) drawWheel(canvas, at(along, 0.8), height * 0.2, travelled * facing);
}

function drawWheel(canvas: Canvas, [x, y]: Point, radius: number, travelled: number): void {
  canvas.circle(x, y, radius, [26, 26, 30]);
  canvas.circle(x, y, radius * 0.58, [168, 172, 178]);
  for (let spoke = 0; spoke < 3; spoke += 1) {
    const angle = travelled / radius + (spoke * Math.PI) / 3;
    const [dx, dy] = [Math.cos(angle) * radius * 0.5, Math.sin(angle) * radius * 0.5];
    canvas.line([x - dx, y - dy], [x + dx, y + dy], radius * 0.14, [70, 72, 78]);
  }
}

function drawPerson(canvas: Canvas, { box, colour, facing, travelled }: SceneObject): void {
  const { left, top, width, height } = box;
  const x = left + width / 2;
  const y = (down: number): number => top + height * down;
  const swing = Math.sin((travelled / (height * 0.42)) * Math.PI) * width * 0.3;
  canvas.rectangle(left + 0.06 * width, y(0.965), width * 0.88, height * 0.035, [20, 20, 24], {
    radius: height * 0.017,
    alpha: 0.35,
  });
  const trousers: Colour = [52, 58, 74];
  const limb = width * 0.2;
  const knee = (foot: number): Point => [x + foot * 0.55 + facing * width * 0.05, y(0.74)];
  for (const [foot, tone] of [
    [-swing, shade(trousers, 0.75)],
    [swing, trousers],
  ] as const) {
    canvas.line([x, y(0.54)], knee(foot), limb, tone);
    canvas.line(knee(foot), [x + foot, y(0.93)], limb * 0.85, tone);
    canvas.line([x + foot, y(0.955)], [x + foot + facing * width * 0.12, y(0.955)], limb * 0.7, [36, 32, 32]);
  }
  canvas.line([x, y(0.3)], [x - facing * width * 0.05 + swing * 0.8, y(0.52)], limb * 0.8, shade(colour, 0.7));
  canvas.rectangle(x - width * 0.24, y(0.22), width * 0.48, height * 0.36, colour, { radius: width * 0.18 });
  canvas.line([x, y(0.29)], [x - swing * 0.8, y(0.52)], limb * 0.8, shade(colour, 0.85));
  canvas.circle(x, y(0.115), height * 0.1, [226, 184, 152]);
  canvas.circle(x - facing * height * 0.018, y(0.095), height * 0.092, [70, 50, 42]);
  canvas.circle(x + facing * height * 0.03, y(0.13), height * 0.078, [226, 184, 152]);
}

function shade(colour: Colour, factor: number): Colour {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
}
