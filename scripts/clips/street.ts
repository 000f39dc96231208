import { SCENE_HEIGHT, SCENE_WIDTH } from '../../src/simulator/scene.ts';
import { Canvas, type Colour, type Point } from './canvas.ts';

const HOUSES: readonly {
  left: number;
  width: number;
  top: number;
  wall: Colour;
  roof: Colour;
  windows: [columns: number, rows: number];
}[] = [
  { left: -0.3, width: 3.3, top: 1.5, wall: [196, 168, 138], roof: [138, 78, 62], windows: [3, 2] },
  { left: 3.0, width: 2.5, top: 1.9, wall: [160, 176, 182], roof: [84, 92, 102], windows: [2, 2] },
  { left: 5.5, width: 2.9, top: 1.1, wall: [208, 190, 158], roof: [120, 88, 70], windows: [3, 3] },
  { left: 8.4, width: 3.4, top: 1.7, wall: [178, 120, 98], roof: [92, 70, 64], windows: [3, 2] },
  { left: 13.1, width: 3.2, top: 1.35, wall: [186, 190, 176], roof: [100, 112, 104], windows: [3, 2] },
];
const GROUND = 4.45;
const ROAD = { top: 5.15, bottom: 7.75 };
const CROSSING = { left: 6.9, right: 8.5 };

/** All that does not move: sky, houses, trees, pavements, road. */
export function drawStreet(width: number, height: number): Canvas {
  const canvas = new Canvas(width, height, SCENE_WIDTH);
  canvas.gradient(0, GROUND, [126, 172, 214], [214, 226, 232]);
  drawHills(canvas);
  for (const house of HOUSES) drawHouse(canvas, house);
  drawTree(canvas, 12.35, 1);
  drawTree(canvas, 4.25, 0.72);
  drawRoad(canvas);
  canvas.line([11.35, GROUND + 0.4], [11.35, 1.5], 0.09, [62, 66, 72]);
  canvas.line([11.35, 1.5], [10.7, 1.42], 0.07, [62, 66, 72]);
  canvas.rectangle(10.45, 1.38, 0.4, 0.1, [232, 228, 200], { radius: 0.04 });
  return canvas;
}

function drawHills(canvas: Canvas): void {
  canvas.circle(11.5, 9.5, 6.4, [150, 178, 170]);
  canvas.circle(3, 11, 8, [138, 168, 158]);
}

function drawHouse(canvas: Canvas, house: (typeof HOUSES)[number]): void {
  const { left, width, top, wall, roof, windows } = house;
  canvas.rectangle(left, top, width, GROUND - top, wall);
  canvas.polygon(
    [
      [left - 0.12, top + 0.08],
      [left + 0.35, top - 0.55],
      [left + width - 0.35, top - 0.55],
      [left + width + 0.12, top + 0.08],
    ],
    roof,
  );
  canvas.rectangle(left, top + 0.08, width, 0.07, [0, 0, 0], { alpha: 0.18 });
  const [columns, rows] = windows;
  const [stepX, stepY] = [width / columns, (GROUND - top - 1.15) / rows];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const x = left + stepX * (column + 0.5) - 0.26;
      const y = top + 0.28 + stepY * row;
      canvas.rectangle(x - 0.05, y - 0.05, 0.62, 0.62, [240, 236, 226], { radius: 0.03 });
      canvas.rectangle(x, y, 0.52, 0.52, [72, 98, 120]);
      canvas.polygon(triangle([x, y], [x + 0.3, y], [x, y + 0.4]), [160, 190, 206], 0.55);
      canvas.rectangle(x + 0.24, y, 0.04, 0.52, [240, 236, 226]);
    }
  }
  const door = left + width / 2 - 0.24;
  canvas.rectangle(door - 0.06, GROUND - 0.95, 0.6, 0.95, [236, 230, 218]);
  canvas.rectangle(door, GROUND - 0.89, 0.48, 0.89, [74, 58, 52]);
  canvas.circle(door + 0.4, GROUND - 0.42, 0.03, [220, 190, 110]);
}

function triangle(a: Point, b: Point, c: Point): Point[] {
  return [a, b, c];
}

function drawTree(canvas: Canvas, x: number, size: number): void {
  canvas.line([x, GROUND + 0.25], [x, GROUND - 1.4 * size], 0.16 * size, [96, 72, 52]);
  const crown: [number, number, number][] = [
    [0, -1.9, 0.72],
    [-0.5, -1.5, 0.52],
    [0.5, -1.5, 0.54],
    [0.05, -1.3, 0.6],
  ];
  for (const [dx, dy, radius] of crown) canvas.circle(x + dx * size, GROUND + dy * size, radius * size, [70, 116, 74]);
  for (const [dx, dy, radius] of crown) {
    canvas.circle(x + (dx - 0.12) * size, GROUND + (dy - 0.16) * size, radius * 0.6 * size, [98, 146, 90], 0.7);
  }
}

function drawRoad(canvas: Canvas): void {
  canvas.rectangle(-1, GROUND, SCENE_WIDTH + 2, ROAD.top - GROUND, [176, 172, 164]);
  for (let x = 0.4; x < SCENE_WIDTH; x += 0.8) canvas.rectangle(x, GROUND, 0.025, ROAD.top - GROUND, [150, 146, 140]);
  canvas.rectangle(-1, ROAD.top - 0.1, SCENE_WIDTH + 2, 0.12, [206, 202, 194]);
  canvas.rectangle(-1, ROAD.top, SCENE_WIDTH + 2, ROAD.bottom - ROAD.top, [74, 76, 82]);
  for (let x = -0.4; x < SCENE_WIDTH; x += 1.4) {
    const clear = x + 0.8 < CROSSING.left - 0.3 || x > CROSSING.right + 0.3;
    if (clear) canvas.rectangle(x, 6.38, 0.8, 0.07, [222, 220, 208]);
  }
  for (let y = ROAD.top + 0.14; y < ROAD.bottom - 0.2; y += 0.42) {
    canvas.rectangle(CROSSING.left, y, CROSSING.right - CROSSING.left, 0.22, [226, 226, 220]);
  }
  canvas.rectangle(CROSSING.left - 0.3, 6.5, 0.1, ROAD.bottom - 6.55, [226, 226, 220]);
  canvas.rectangle(-1, ROAD.bottom, SCENE_WIDTH + 2, 0.12, [210, 206, 198]);
  canvas.rectangle(-1, ROAD.bottom + 0.12, SCENE_WIDTH + 2, SCENE_HEIGHT - ROAD.bottom, [168, 164, 156]);
  for (let x = 0; x < SCENE_WIDTH; x += 1) canvas.rectangle(x, ROAD.bottom + 0.12, 0.03, 2, [146, 142, 136]);
  canvas.rectangle(-1, 8.4, SCENE_WIDTH + 2, 0.03, [146, 142, 136]);
}
