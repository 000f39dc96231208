import { z } from 'zod';
import { TRANSCODE_MODES } from '../../base/transcode-mode.ts';
import { number } from './fields.ts';

/** How many there may be at the same time. */
const sessions = (usual: number): z.ZodDefault<z.ZodNumber> =>
  number(1, 10_000, '').refine(Number.isInteger, { error: 'write a whole number' }).default(usual);

export const media = z
  .strictObject({
    pull: z.enum(['on_demand', 'always'], { error: 'write on_demand or always' }).default('on_demand').meta({
      title: 'Pull',
      description:
        '`on_demand`: a camera is pulled while somebody watches. `always`: the first profile of each stays pulled, so that nobody waits for it.',
    }),
    linger: number(0, 86_400, ' (seconds)').default(10).meta({
      title: 'Linger',
      description: 'Seconds that a camera is still pulled after its last viewer left; the next one starts at once.',
    }),
    // A new viewer is sent all of it through its pacer, which holds 16 MB (peer/egress/viewer-egress.ts).
    keyframe_cache: number(1, 8, ' (MB)').default(4).meta({
      title: 'Keyframe cache',
      description:
        'MB (1,048,576 bytes) a stream, at most 8, for the newest keyframe and what follows it, from which a new viewer starts at once; where that is more, it waits for the next keyframe.',
    }),
    max_sessions: sessions(256).meta({
      title: 'Most sessions',
      description: 'Viewers at the same time, over all cameras; more are refused.',
    }),
    max_sessions_per_camera: sessions(64).meta({
      title: 'Most sessions of one camera',
      description:
        'Viewers of one camera at the same time, over all its profiles; more are refused, while other cameras can still be watched.',
    }),
    transcode: z
      .enum(TRANSCODE_MODES, { error: `write one of ${TRANSCODE_MODES.join(', ')}` })
      .default('auto')
      .meta({
        title: 'Transcode',
        description:
          '`auto`: pictures that a viewer does not play, where no other profile of the camera has them in H.264, are converted to H.264 by ffmpeg, once for all viewers of a profile; a good part of a core for each. `never`: such a viewer is told why it sees nothing. A camera may say it for itself.',
      }),
    adaptive: z.boolean({ error: 'write true or false' }).default(true).meta({
      title: 'Adaptive',
      description:
        'Whether viewers are shown what their network paths carry: a lower profile of the same input and codec, at last still pictures or sound alone, and more again when there is room; else they are sent what they ask for. A camera may say it for itself.',
    }),
    workers: number(0, 64, '')
      .refine(Number.isInteger, { error: 'write a whole number' })
      .meta({
        title: 'Workers',
        description:
          'Threads that move media, each with cameras of its own, some 40 MB each; started as cameras come. A camera moves to one with more room only while it is not pulled. Absent: one for each core, at most 8. 0: none, all in the main thread.',
      })
      .optional(),
  })
  .meta({ title: 'Media' });
