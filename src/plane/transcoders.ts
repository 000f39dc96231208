import { GatewayError, type Reason } from '../base/errors.ts';
import type { TranscoderKind } from '../base/transcoders.ts';
import type { MediaMessage } from './messages.ts';

export interface TranscoderProgram {
  kind: TranscoderKind;
  /** Of ffmpeg. */
  arguments: readonly string[];
}

/** A transcoder that the control plane runs. */
export interface Transcoder {
  id: string;
  stop(): void;
}

/** Has the control plane run an ffmpeg until it is told to stop; `onFailed` where it ended before. */
export type StartTranscoder = (program: TranscoderProgram, onFailed: (error: GatewayError) => void) => Transcoder;

/** The media plane's transcoders, which the control plane runs for it. */
export class Transcoders {
  readonly #post: (message: MediaMessage) => void;
  readonly #onFailed = new Map<string, (error: GatewayError) => void>();
  #started = 0;

  constructor(post: (message: MediaMessage) => void) {
    this.#post = post;
  }

  readonly start: StartTranscoder = ({ kind, arguments: programArguments }, onFailed) => {
    this.#started += 1;
    const transcoderId = `transcoder-${this.#started}`;
    this.#onFailed.set(transcoderId, onFailed);
    this.#post({ type: 'transcoder.start', transcoderId, kind, arguments: [...programArguments] });
    return {
      id: transcoderId,
      stop: () => {
        if (this.#onFailed.delete(transcoderId)) this.#post({ type: 'transcoder.stop', transcoderId });
      },
    };
  };

  /** It ended by itself, which one that was stopped may have done in the same moment. */
  failed(transcoderId: string, { code, message, advice }: Reason): void {
    const onFailed = this.#onFailed.get(transcoderId);
    this.#onFailed.delete(transcoderId);
    onFailed?.(new GatewayError(code, message, advice === undefined ? {} : { advice }));
  }
}
