import type { Box, DetectedObject } from './analytics-frame.ts';
import type { Rectangle } from './letterbox.ts';

/* Draws boxes with class and likelihood. Lengths are CSS pixels. */

const COLOURS: Record<string, string> = { Human: '#ffd23f', Face: '#ffd23f', Vehicle: '#5bc8ff', Animal: '#b8e986' };
const OTHER_COLOUR = '#ff9f6e';
const OUTLINE = 'rgb(0 0 0 / 60%)';
const LABEL_TEXT = '#0b0d11';
const LABEL_PADDING = 4;
const FONT_FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
/** Of the picture; below it labels are smaller. */
const NARROW = 420;

/** Draws the objects of one frame over the picture; dashed where they are not in step with it. */
export function paintBoxes(
  context: CanvasRenderingContext2D,
  objects: readonly DetectedObject[],
  picture: Rectangle,
  isInStep: boolean,
): void {
  const fontSize = picture.width < NARROW ? 10.5 : 12.5;
  context.font = `600 ${fontSize}px ${FONT_FAMILY}`;
  context.textBaseline = 'middle';
  for (const object of objects) {
    const box = visiblePart(object.box);
    if (box === undefined) continue;
    const rectangle = {
      x: picture.x + box.left * picture.width,
      y: picture.y + box.top * picture.height,
      width: (box.right - box.left) * picture.width,
      height: (box.bottom - box.top) * picture.height,
    };
    const colour = COLOURS[object.class ?? ''] ?? OTHER_COLOUR;
    context.setLineDash(isInStep ? [] : [7, 5]);
    strokeBox(context, rectangle, OUTLINE, 4);
    strokeBox(context, rectangle, colour, 2);
    paintLabel(context, labelOf(object), rectangle, picture, colour, fontSize);
  }
}

/** `Human 93 %`; the camera's number of it where it names no class. */
export function labelOf({ class: name, likelihood, id }: DetectedObject): string {
  const percent = likelihood === null ? '' : `${Math.round(likelihood * 100)} %`;
  return [name ?? (id === '' ? '' : `#${id}`), percent].filter((part) => part !== '').join(' ');
}

/** Undefined where nothing of it is in the picture. */
function visiblePart(box: Box): Box | undefined {
  const part = {
    left: Math.max(0, box.left),
    top: Math.max(0, box.top),
    right: Math.min(1, box.right),
    bottom: Math.min(1, box.bottom),
  };
  return part.left < part.right && part.top < part.bottom ? part : undefined;
}

function strokeBox(context: CanvasRenderingContext2D, { x, y, width, height }: Rectangle, colour: string, line: number): void {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(x, y, width, height);
}

/** Above the box, or inside it where the picture ends; never beside the picture. */
function paintLabel(
  context: CanvasRenderingContext2D,
  text: string,
  box: Rectangle,
  picture: Rectangle,
  colour: string,
  fontSize: number,
): void {
  if (text === '') return;
  const height = fontSize + 2 * LABEL_PADDING - 1;
  const width = context.measureText(text).width + 2 * LABEL_PADDING;
  const x = Math.max(picture.x, Math.min(box.x - 1, picture.x + picture.width - width));
  const y = box.y - height < picture.y ? box.y : box.y - height;
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  context.fillStyle = LABEL_TEXT;
  context.fillText(text, x + LABEL_PADDING, y + height / 2 + 0.5);
}
