import type { OutOfStep } from './frame-choice.ts';

const AS_THEY_COME = 'Boxes are drawn as they come, not in step with it.';

/** What the page says where boxes are not in step with the picture; empty where they are. */
export function stepNote(outOfStep: OutOfStep | null): string {
  switch (outOfStep?.why) {
    case undefined:
      return '';
    case 'off':
      return `Metadata is ${secondsApart(outOfStep.aheadMs)} the picture. ${AS_THEY_COME} Look at clock and time zone of the camera.`;
    case 'no-picture-time':
      return `This browser does not say when the picture was taken. ${AS_THEY_COME}`;
    case 'no-metadata-time':
      return `The metadata do not say to which picture they belong. ${AS_THEY_COME}`;
  }
}

/** `3600 s ahead of` */
function secondsApart(aheadMs: number): string {
  return `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
