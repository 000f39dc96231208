import type { StreamTimes } from '../../media/stream.ts';
import type { CircuitBreak } from './circuit-breaker.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import type { SkipReason } from './slow-viewer.ts';
import type { EgressTransport } from './transport.ts';

export interface ViewerEgressOptions {
  media: NegotiatedMedia;
  transport: EgressTransport;
  /** Of the stream that it is shown first. */
  times: StreamTimes;
  /** Unix milliseconds; may be set. */
  now: () => number;
  /** Whether keyframes are spread; absent: they are. */
  pacing?: boolean | undefined;
  /** The viewer is told how long to hold pictures back where some come late. */
  holdsBack?: boolean | undefined;
  /** The viewer cannot decode until a keyframe comes. */
  onKeyframeWanted: () => void;
  /** The viewer cannot follow and is skipped to a keyframe, maybe again and again. */
  onSlow: (why: SkipReason) => void;
  /** Nothing more may be sent to the viewer (RFC 8083). */
  onBroken: (why: CircuitBreak) => void;
  /** Takes a document when the viewer has opened its metadata channel. */
  metadata: { readonly open: boolean; send(gzipped: Buffer): void };
}
