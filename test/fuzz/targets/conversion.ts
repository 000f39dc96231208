import { packetizeH264 } from '../../../src/media/h264/packetizer.ts';
import { h264Units } from '../../../src/media/h264/payload-units.ts';
import { NutReader, type NutFrame } from '../../../src/media/nut/reader.ts';
import { pictureInput } from '../../../src/media/transcode/picture-input.ts';
import { corpusFiles } from '../corpus.ts';
import { demand, type FuzzTarget } from '../target.ts';

/* What goes to a converter and what comes back from it. */

const MAX_FRAME_BYTES = 8 * 1024 * 1024;

function read(input: Buffer, chunk: number): { frames: NutFrame[]; broken: boolean } {
  const reader = new NutReader();
  const frames: NutFrame[] = [];
  for (let at = 0; at < input.length; at += chunk) frames.push(...reader.push(input.subarray(at, at + chunk)));
  return { frames, broken: reader.broken };
}

const nut: FuzzTarget = {
  name: 'nut',
  form: 'bytes',
  corpus: corpusFiles(/\.nut$/),
  run(input) {
    const whole = read(input, Math.max(1, input.length));
    const parts = read(input, 1 + (input.at(-1) ?? 0));
    demand(
      whole.broken === parts.broken && whole.frames.length === parts.frames.length,
      'the frames are the same however they come',
    );
    for (const [index, { data, timestamp }] of whole.frames.entries()) {
      demand(data.length <= MAX_FRAME_BYTES, 'a frame is bounded');
      demand(parts.frames[index]?.timestamp === timestamp && parts.frames[index].data.equals(data), 'each frame is the same');
    }
  },
};

const picture: FuzzTarget = {
  name: 'picture-input',
  form: 'bytes',
  corpus: corpusFiles(/\.h265$/),
  run(input) {
    for (const codec of ['H264', 'H265', 'JPEG', 'MPEG4'] as const)
      demand(pictureInput(codec, [input]).form.length <= input.length + 1, 'the form is a part of the picture');
    // Types above 23 are those of packets.
    const unit = Buffer.concat([Buffer.from([0x65]), input]);
    const [again, ...more] = h264Units(packetizeH264([unit], 100));
    demand(more.length === 0 && again?.equals(unit) === true, 'what is put into packets comes out of them');
  },
};

export const CONVERSION_TARGETS: readonly FuzzTarget[] = [nut, picture];
