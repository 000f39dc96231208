import type { Reason } from '../base/errors.ts';
import type { CircuitBreak } from './egress/circuit-breaker.ts';
import type { SkipReason } from './egress/slow-viewer.ts';

/** Why a viewer is sent nothing more (RFC 8083). */
export const BROKEN: Readonly<Record<CircuitBreak, Reason>> = {
  'rtcp-timeout': { code: 'session.no_reports', message: 'The viewer does not report any more on what it is sent.' },
  'media-timeout': { code: 'session.nothing_arrives', message: 'Nothing of what is sent arrives at the viewer any more.' },
  congestion: { code: 'session.congestion', message: 'The network to the viewer loses far too much of what is sent.' },
};

/** Why a viewer is not sent all pictures. */
export const SLOW: Readonly<Record<SkipReason, Reason>> = {
  stalled: {
    code: 'session.stalled',
    message:
      'The path to the viewer takes pictures too slowly: it is skipped to the next keyframe, and goes on when the path does.',
    advice:
      'If it happens often, give this viewer a profile with a lower bitrate, or a path by UDP where it has one by TCP, as to most TURN servers on port 443.',
  },
  silent: {
    code: 'session.silent',
    message: 'The viewer has ceased to say that pictures arrive: it is sent keyframes alone until it says so again.',
    advice: 'If it happens often, look at the network of this viewer (Wi-Fi, mobile), or give it a profile with a lower bitrate.',
  },
};
