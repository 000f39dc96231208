import { Counter, Gauge, type Registry } from 'prom-client';
import type { MediaStats } from '../plane/messages.ts';

/** What was decided for viewers, camera by camera: a label for each session would grow without end. Returns what fills them in. */
export function adaptationMetrics(registry: Registry): (sample: { media: MediaStats }) => void {
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name: `onvif_gateway_${name}`, help, labelNames, registers: [registry] });
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `onvif_gateway_${name}_total`, help, labelNames: ['camera'], registers: [registry] });
  const measured = gauge(
    'stream_measured_bits_per_second',
    'What the pictures of the profile take as viewers are sent them, with headers, over some groups of pictures.',
    ['camera', 'profile'],
  );
  const rungs = gauge(
    'session_rungs',
    'Viewers by what they are sent of the camera: which profile, and what of it is left out.',
    ['camera', 'profile', 'thinning'],
  );
  const lowest = gauge(
    'session_lowest_estimate_bits_per_second',
    'What the path to the viewer carries whose path carries least.',
    ['camera'],
  );
  const switches = counter(
    'session_switches',
    'Times that a viewer was sent another rung than before: profile, or more or less of it.',
  );
  const probes = counter('session_probes', 'Times that it was tried whether the path to a viewer carries more.');
  return ({ media }) => {
    for (const metric of [measured, rungs, lowest, switches, probes]) metric.reset();
    for (const { cameraId: camera, profile, measuredKbps } of media.streams) {
      if (measuredKbps !== null) measured.set({ camera, profile }, measuredKbps * 1000);
    }
    const least = new Map<string, number>();
    for (const { cameraId: camera, adaptation, estimatedKbps } of media.sessions) {
      const rung = adaptation?.rungs[adaptation.rung];
      if (rung !== undefined) rungs.inc({ camera, profile: rung.profile, thinning: rung.thinning });
      if (estimatedKbps !== null) least.set(camera, Math.min(estimatedKbps, least.get(camera) ?? Number.POSITIVE_INFINITY));
    }
    for (const [camera, kbps] of least) lowest.set({ camera }, kbps * 1000);
    const counted = [
      ...media.sessions.map(({ cameraId, adaptation }) => ({ cameraId, switches: 0, probes: 0, ...adaptation })),
      ...media.ended,
    ];
    for (const each of counted) {
      switches.inc({ camera: each.cameraId }, each.switches);
      probes.inc({ camera: each.cameraId }, each.probes);
    }
  };
}
