import { randomInt } from 'node:crypto';
import { OPUS_CLOCK_RATE, type OpusFrame, type SoundConversion } from '../../media/conversion.ts';
import { matroskaFrame, matroskaHeader } from '../../media/matroska/writer.ts';
import type { TimeMapping } from '../../media/rtp/timeline.ts';
import type { SoundFormat } from '../../media/sound-format.ts';
import type { SoundFrame } from '../../media/sound-frame.ts';
import { opusArguments } from '../../media/transcode/conversion-arguments.ts';
import { ConversionTimeline } from '../../media/transcode/conversion-timeline.ts';
import type { SoundInput } from '../../media/transcode/sound-input.ts';
import { Converter, type ConverterOptions } from './converter.ts';

/** Some seconds of uncompressed sound. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** A camera's sound as Opus. */
export class SoundToOpus implements SoundConversion {
  readonly converter: Converter;
  readonly #timeline: ConversionTimeline;

  constructor(
    format: SoundFormat,
    input: SoundInput,
    options: Pick<ConverterOptions, 'start' | 'onState'> & { onFrame: (frame: OpusFrame) => void },
  ) {
    const { start, onState, onFrame } = options;
    const timeline = new ConversionTimeline({
      clockRate: format.clockRate,
      madeRate: OPUS_CLOCK_RATE,
      start: randomInt(2 ** 32),
      skipsGaps: true,
    });
    this.#timeline = timeline;
    this.converter = new Converter({
      kind: 'audio',
      start,
      onState,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      argumentsFor: (from, to) => opusArguments(format, input, from, to),
      begin: () => {
        timeline.restart();
        return matroskaHeader(input.track);
      },
      onFrame: ({ data }, seconds) => onFrame({ payload: data, timestamp: timeline.made(seconds), marker: false }),
    });
  }

  push({ payload, timestamp }: SoundFrame): void {
    this.converter.write(matroskaFrame(payload, this.#timeline.place(timestamp), true));
  }

  translate(time: TimeMapping): TimeMapping {
    return this.#timeline.translate(time);
  }

  close(): void {
    this.converter.close();
  }
}
