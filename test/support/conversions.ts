import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { reasonOf } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Ffmpeg } from '../../src/media/transcode/ffmpeg.ts';
import { StreamConversions } from '../../src/plane/conversion/stream-conversions.ts';
import { Transcoders } from '../../src/plane/transcoders.ts';

/** Process ids of this process's children that run this program. */
export function childrenRunning(program: string, parent = process.pid): number[] {
  const table = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(parent)], { encoding: 'utf8' });
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, command]) => command === program)
    .map(([pid]) => Number(pid));
}

export interface Converting {
  conversions: StreamConversions;
  /** Times that the camera was asked for a keyframe. */
  keyframesWanted: () => number;
  /** Warnings of each time that they changed. */
  warned: string[][];
}

/** Conversions of one stream with a control plane that runs their ffmpeg; ends with the test. */
export function conversionsOfStream(command = 'ffmpeg'): Converting {
  const transcoders = new Transcoders((message) => {
    if (message.type === 'transcoder.start') ffmpeg.start(message.transcoderId, message.kind, message.arguments);
    else if (message.type === 'transcoder.stop') ffmpeg.stop(message.transcoderId);
  });
  const ffmpeg = new Ffmpeg({
    logger: silentLogger,
    command,
    onEnded: (id, error) => {
      if (error !== undefined) transcoders.failed(id, reasonOf(error));
    },
  });
  const warned: string[][] = [];
  let wanted = 0;
  const conversions = new StreamConversions({
    convertsPictures: () => true,
    start: transcoders.start,
    onKeyframeWanted: () => (wanted += 1),
    onWarnings: () => warned.push(conversions.warnings.map(({ code }) => code)),
  });
  onTestFinished(() => ffmpeg.close());
  return { conversions, keyframesWanted: () => wanted, warned };
}
