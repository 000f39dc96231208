import type { PlacedPacket, TrackDescription } from '../../../../src/media/track.ts';

/** A track of sound, of payload type 97. */
export function soundTrack(
  encodingName: string,
  clockRate: number,
  fmtp: Readonly<Record<string, string>> = {},
  channels = 1,
): TrackDescription {
  return { kind: 'audio', encodingName, payloadType: 97, clockRate, channels, fmtp: new Map(Object.entries(fmtp)) };
}

interface Fields {
  timestamp?: number;
  marker?: boolean;
  gap?: boolean;
  restart?: boolean;
}

/** A packet on a timeline that is the camera's moved by 1000. */
export function placed(
  payload: Buffer,
  { timestamp = 0, marker = true, gap = false, restart = false }: Fields = {},
): PlacedPacket {
  return {
    packet: { payloadType: 97, marker, sequenceNumber: 0, timestamp, ssrc: 1, payload },
    timestamp: (timestamp + 1000) >>> 0,
    reception: { gap, restart },
  };
}
