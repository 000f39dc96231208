import { NAMESPACES } from './onvif/namespaces.ts';
import type { MoveStatus, PtzPosition } from './ptz-state.ts';
import { SCENE_HEIGHT, SCENE_WIDTH, visibleBox, type SceneObject } from './scene.ts';

/** Which parts the metadata stream has, as ONVIF's metadata configuration says it. */
export interface MetadataParts {
  /** The objects in the picture. */
  analytics: boolean;
  ptzPosition: boolean;
  /** Whether the camera moves. */
  ptzStatus: boolean;
  /** What its configuration says of compression; what the stream is, its session description says. Absent: nothing. */
  compressionType?: string;
}

/** What one document of the metadata stream says. */
export interface MetadataFrame {
  /** The camera's wall clock at the frame, milliseconds since 1970. */
  utcMs: number;
  objects: readonly SceneObject[];
  ptz: { position: PtzPosition; moveStatus: { panTilt: MoveStatus; zoom: MoveStatus } };
}

/**
 * One complete XML document of the metadata stream (ONVIF Streaming Specification section 5.1.2.1.1, metadatastream.xsd): the
 * objects in view and where the camera looks. Positions are in ONVIF's normalized coordinates: -1 to 1, y upwards.
 */
export function metadataDocument(frame: MetadataFrame, parts: Readonly<MetadataParts>): string {
  const utcTime = new Date(frame.utcMs).toISOString();
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<tt:MetadataStream xmlns:tt="${NAMESPACES.tt}">` +
    (parts.analytics ? analyticsElement(frame, utcTime) : '') +
    (parts.ptzPosition || parts.ptzStatus ? ptzElement(frame, utcTime, parts) : '') +
    `</tt:MetadataStream>`
  );
}

function analyticsElement(frame: MetadataFrame, utcTime: string): string {
  const objects = frame.objects.map(objectElement).join('');
  return `<tt:VideoAnalytics><tt:Frame UtcTime="${utcTime}">${objects}</tt:Frame></tt:VideoAnalytics>`;
}

function ptzElement({ ptz: { position, moveStatus } }: MetadataFrame, utcTime: string, parts: Readonly<MetadataParts>): string {
  const panTilt = `<tt:PanTilt x="${number(position.pan)}" y="${number(position.tilt)}"/>`;
  const positionElement = `<tt:Position>${panTilt}<tt:Zoom x="${number(position.zoom)}"/></tt:Position>`;
  const statusElement = `<tt:MoveStatus><tt:PanTilt>${moveStatus.panTilt}</tt:PanTilt><tt:Zoom>${moveStatus.zoom}</tt:Zoom></tt:MoveStatus>`;
  return (
    `<tt:PTZ><tt:PTZStatus>${parts.ptzPosition ? positionElement : ''}${parts.ptzStatus ? statusElement : ''}` +
    `<tt:UtcTime>${utcTime}</tt:UtcTime></tt:PTZStatus></tt:PTZ>`
  );
}

/** Nothing for an object that is out of the picture. */
function objectElement(object: SceneObject): string {
  const box = visibleBox(object);
  if (box === undefined) return '';
  const left = (box.left / SCENE_WIDTH) * 2 - 1;
  const right = (box.right / SCENE_WIDTH) * 2 - 1;
  const top = 1 - (box.top / SCENE_HEIGHT) * 2;
  const bottom = 1 - (box.bottom / SCENE_HEIGHT) * 2;
  return (
    `<tt:Object ObjectId="${object.id}"><tt:Appearance><tt:Shape>` +
    `<tt:BoundingBox left="${number(left)}" top="${number(top)}" right="${number(right)}" bottom="${number(bottom)}"/>` +
    `<tt:CenterOfGravity x="${number((left + right) / 2)}" y="${number((top + bottom) / 2)}"/></tt:Shape>` +
    `<tt:Class><tt:Type Likelihood="${object.likelihood}">${object.class}</tt:Type></tt:Class></tt:Appearance></tt:Object>`
  );
}

function number(value: number): string {
  return value.toFixed(4);
}
