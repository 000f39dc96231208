export type Colour = readonly [red: number, green: number, blue: number];

/** A point in units of the canvas. */
export type Point = readonly [x: number, y: number];

/** An RGB picture on which smooth-edged shapes are drawn; lengths are in units, `scale` pixels each. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, rows from the top, 0 to 255. */
  readonly pixels: Float32Array;
  readonly #scale: number;

  constructor(width: number, height: number, unitsWide: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Float32Array(width * height * 3);
    this.#scale = width / unitsWide;
  }

  copy(): Canvas {
    const copy = new Canvas(this.width, this.height, this.width / this.#scale);
    copy.pixels.set(this.pixels);
    return copy;
  }

  /** A rectangle with round corners, `left`/`top` its upper left corner. */
  rectangle(
    left: number,
    top: number,
    width: number,
    height: number,
    colour: Colour,
    options: { radius?: number; alpha?: number } = {},
  ): void {
    const radius = options.radius ?? 0;
    const [x, y] = [left + width / 2, top + height / 2];
    this.#fill([left, top], [left + width, top + height], colour, options.alpha ?? 1, (px, py) => {
      const dx = Math.abs(px - x) - width / 2 + radius;
      const dy = Math.abs(py - y) - height / 2 + radius;
      return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
    });
  }

  circle(x: number, y: number, radius: number, colour: Colour, alpha = 1): void {
    this.#fill(
      [x - radius, y - radius],
      [x + radius, y + radius],
      colour,
      alpha,
      (px, py) => Math.hypot(px - x, py - y) - radius,
    );
  }

  /** A line with round ends. */
  line(from: Point, to: Point, thickness: number, colour: Colour, alpha = 1): void {
    const radius = thickness / 2;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const lengthSquared = dx * dx + dy * dy || 1;
    this.#fill(
      [Math.min(from[0], to[0]) - radius, Math.min(from[1], to[1]) - radius],
      [Math.max(from[0], to[0]) + radius, Math.max(from[1], to[1]) + radius],
      colour,
      alpha,
      (px, py) => {
        const share = Math.min(1, Math.max(0, ((px - from[0]) * dx + (py - from[1]) * dy) / lengthSquared));
        return Math.hypot(px - from[0] - share * dx, py - from[1] - share * dy) - radius;
      },
    );
  }

  /** A convex polygon, its corners clockwise as seen on the picture. */
  polygon(points: readonly Point[], colour: Colour, alpha = 1): void {
    const edges = points.map((from, index) => {
      const to = points[(index + 1) % points.length] ?? from;
      const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
      return { from, normal: [(to[1] - from[1]) / length, -(to[0] - from[0]) / length] as const };
    });
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    this.#fill([Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)], colour, alpha, (px, py) =>
      Math.max(...edges.map(({ from, normal }) => (px - from[0]) * normal[0] + (py - from[1]) * normal[1])),
    );
  }

  /** From one colour at `top` to another at `bottom`, over the whole width. */
  gradient(top: number, bottom: number, from: Colour, to: Colour): void {
    for (let y = Math.round(top * this.#scale); y < Math.min(this.height, Math.round(bottom * this.#scale)); y += 1) {
      const share = (y / this.#scale - top) / (bottom - top);
      for (let at = y * this.width * 3; at < (y + 1) * this.width * 3; at += 3) {
        for (let part = 0; part < 3; part += 1)
          this.pixels[at + part] = (from[part] ?? 0) * (1 - share) + (to[part] ?? 0) * share;
      }
    }
  }

  /** Blends a colour where `distance` (units, negative inside) is below half a pixel. */
  #fill(from: Point, to: Point, colour: Colour, alpha: number, distance: (x: number, y: number) => number): void {
    const scale = this.#scale;
    const left = Math.max(0, Math.floor(from[0] * scale) - 1);
    const right = Math.min(this.width, Math.ceil(to[0] * scale) + 1);
    const top = Math.max(0, Math.floor(from[1] * scale) - 1);
    const bottom = Math.min(this.height, Math.ceil(to[1] * scale) + 1);
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        const coverage = Math.min(1, Math.max(0, 0.5 - distance((x + 0.5) / scale, (y + 0.5) / scale) * scale)) * alpha;
        if (coverage === 0) continue;
        const at = (y * this.width + x) * 3;
        for (let part = 0; part < 3; part += 1) {
          const before = this.pixels[at + part] ?? 0;
          this.pixels[at + part] = before + ((colour[part] ?? 0) - before) * coverage;
        }
      }
    }
  }
}
