/*
 * The objects that a camera's analytics sees, out of a metadata document (ONVIF Analytics Service Specification section 5.1, metadatastream.xsd). Pure:
 * it reads a tree of which a browser's Element is one.
 */

/** The part of the DOM's Element that is read. */
export interface XmlElement {
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly textContent: string | null;
  readonly children: Iterable<XmlElement>;
  getAttribute(name: string): string | null;
}

/** What the analytics saw at one moment. */
export interface AnalyticsFrame {
  /** By the camera's clock, milliseconds since 1970; null where it says none that can be read. */
  utcMs: number | null;
  objects: DetectedObject[];
}

export interface DetectedObject {
  /** Stays with an object from frame to frame; empty where the camera gives none. */
  id: string;
  /** Shares of the picture's width and height from the top left corner; parts may lie outside. */
  box: Box;
  /** The likeliest class as the camera names it (`Human`, `Vehicle`); null where it says none. */
  class: string | null;
  /** 0 to 1; null where it says none. */
  likelihood: number | null;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const ONVIF_SCHEMA = 'http://www.onvif.org/ver10/schema';
/** More than anybody could tell apart on a picture. */
const MAX_OBJECTS = 256;
const MAX_FRAMES = 64;
const MAX_NAME_LENGTH = 40;

/** A point of the camera's coordinates to one of the picture: scaled, then moved. */
interface Transformation {
  scale: Point;
  translate: Point;
}

interface Point {
  x: number;
  y: number;
}

const IDENTITY: Transformation = { scale: { x: 1, y: 1 }, translate: { x: 0, y: 0 } };

/** The frames of a `tt:MetadataStream`, in the order in which they stand; at most 64, of 256 objects each. */
export function readFrames(root: XmlElement): AnalyticsFrame[] {
  return childrenOf(root, 'VideoAnalytics')
    .flatMap((analytics) => childrenOf(analytics, 'Frame'))
    .slice(0, MAX_FRAMES)
    .map(readFrame);
}

function readFrame(frame: XmlElement): AnalyticsFrame {
  const transformation = transformationOf(frame);
  const objects: DetectedObject[] = [];
  for (const element of childrenOf(frame, 'Object')) {
    const object = readObject(element, transformation);
    if (object !== undefined) objects.push(object);
    if (objects.length === MAX_OBJECTS) break;
  }
  return { utcMs: readUtcTime(frame.getAttribute('UtcTime')), objects };
}

/** Undefined for an object that is only spoken of: it has no place in the picture. */
function readObject(element: XmlElement, ofFrame: Transformation): DetectedObject | undefined {
  const appearance = childOf(element, 'Appearance');
  const shape = appearance && childOf(appearance, 'Shape');
  if (appearance === undefined || shape === undefined) return undefined;
  const box = readBox(shape, [transformationOf(appearance), ofFrame]);
  return box && { id: (element.getAttribute('ObjectId') ?? '').slice(0, MAX_NAME_LENGTH), box, ...readClass(appearance) };
}

/**
 * Coordinates reach from -1 to 1 and grow to the right and upwards, once they are transformed: first as the object's appearance says, then as its
 * frame does.
 */
function readBox(shape: XmlElement, transformations: readonly Transformation[]): Box | undefined {
  const element = childOf(shape, 'BoundingBox');
  if (element === undefined) return undefined;
  const [left, top, right, bottom] = ['left', 'top', 'right', 'bottom'].map((side) => readNumber(element.getAttribute(side)));
  if (left === null || top === null || right === null || bottom === null) return undefined;
  if (left === undefined || top === undefined || right === undefined || bottom === undefined) return undefined;
  const corners = [
    { x: left, y: top },
    { x: right, y: bottom },
  ].map((corner) => transformations.reduce(transform, corner));
  const xs = corners.map(({ x }) => (x + 1) / 2);
  const ys = corners.map(({ y }) => (1 - y) / 2);
  // Some cameras have top and bottom the other way round.
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function transform({ x, y }: Point, { scale, translate }: Transformation): Point {
  return { x: x * scale.x + translate.x, y: y * scale.y + translate.y };
}

function transformationOf(element: XmlElement): Transformation {
  const found = childOf(element, 'Transformation');
  if (found === undefined) return IDENTITY;
  return {
    scale: readPoint(childOf(found, 'Scale'), IDENTITY.scale),
    translate: readPoint(childOf(found, 'Translate'), IDENTITY.translate),
  };
}

function readPoint(element: XmlElement | undefined, otherwise: Point): Point {
  return {
    x: readNumber(element?.getAttribute('x') ?? null) ?? otherwise.x,
    y: readNumber(element?.getAttribute('y') ?? null) ?? otherwise.y,
  };
}

/** `Type` with its likelihood as attribute, or `ClassCandidate` of both as elements, as it was before version 17.12. */
function readClass(appearance: XmlElement): Pick<DetectedObject, 'class' | 'likelihood'> {
  const candidates = childrenOf(appearance, 'Class').flatMap((element) => [
    ...childrenOf(element, 'Type').map((type) => classOf(type, type.getAttribute('Likelihood'))),
    ...childrenOf(element, 'ClassCandidate').map((candidate) =>
      classOf(childOf(candidate, 'Type'), childOf(candidate, 'Likelihood')?.textContent ?? null),
    ),
  ]);
  const named = candidates.filter((candidate) => candidate.class !== '');
  if (named.length === 0) return { class: null, likelihood: null };
  return named.reduce((best, candidate) => ((candidate.likelihood ?? 0) > (best.likelihood ?? 0) ? candidate : best));
}

function classOf(type: XmlElement | undefined, likelihood: string | null): { class: string; likelihood: number | null } {
  const share = readNumber(likelihood);
  return {
    class: (type?.textContent ?? '').trim().slice(0, MAX_NAME_LENGTH),
    likelihood: share === null || share < 0 || share > 1 ? null : share,
  };
}

/** UTC also where it does not say so, as in the specification's own examples. */
export function readUtcTime(text: string | null): number | null {
  const [, time, zone] = /^\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?\s*$/.exec(text ?? '') ?? [];
  if (time === undefined) return null;
  const ms = Date.parse(time.replace(/(\.\d{3})\d+$/, '$1') + (zone ?? 'Z'));
  return Number.isNaN(ms) ? null : ms;
}

function readNumber(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return childrenOf(element, name)[0];
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return [...element.children].filter((child) => child.localName === name && child.namespaceURI === ONVIF_SCHEMA);
}
