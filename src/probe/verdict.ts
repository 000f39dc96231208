import type { Reason } from '../base/errors.ts';
import type { AudioReport, ProfileReport, Verdict, VideoReport } from './report.ts';

/** What the verdict is made of. */
export interface VerdictInput extends Pick<ProfileReport, 'configured' | 'seconds' | 'transport'> {
  video: VideoReport | null;
  audio: AudioReport | null;
  /** Pictures that the gateway handed on, or would convert. */
  framesPassed: number;
  /** As it comes. */
  audioPassed: boolean;
  /** As it comes, or converted. */
  audioUsed: boolean;
}

/** A viewer may wait this long for a picture where the camera sends no keyframe when it is asked. */
const LONG_INTERVAL_S = 4;
/** Chromium decodes 4096x2304 and nothing of 4352x2448 and 4000x3000, whatever level they are of (Chromium 156). */
const MAX_DECODED_PIXELS = 4096 * 2304;
const NOTABLE_LOSS = 0.005;
/** Of what is configured: less is worth a word. */
const NOTABLE_FRAME_RATE = 0.8;
const NOTABLE_BITRATE = 1.25;
/** What browsers play under the names PCMU and PCMA. */
const G711_RATE_HZ = 8000;

/** Codecs by what people call them. */
const CODEC_NAMES = new Map([
  ['H264', 'H.264'],
  ['H265', 'H.265'],
  ['JPEG', 'Motion JPEG'],
  ['MP4V-ES', 'MPEG-4'],
  ['MPEG4-GENERIC', 'AAC'],
  ['MP4A-LATM', 'AAC'],
  ['PCMU', 'G.711 mu-law'],
  ['PCMA', 'G.711 A-law'],
  ['OPUS', 'Opus'],
]);

/** `H.264` for `H264`; G.726 has its bitrate in its name. */
export function codecName(encodingName: string): string {
  return CODEC_NAMES.get(encodingName) ?? encodingName.replace(/^G(72\d)/, 'G.$1');
}

/** What a viewer of the gateway would see and hear of a profile, and what to set on the camera where that is less than it could be. */
export function judge(input: VerdictInput): Verdict {
  const { video, audio } = input;
  const sound = audio === null ? null : judgeSound(audio, input);
  if (video === null) return { plays: false, reasons: [NO_VIDEO], notes: [], sound };
  const blocking = blockingReasons(video, input);
  if (blocking.length > 0) return { plays: false, reasons: blocking, notes: [], sound };
  const unknown = unknownReason(video, input);
  const notes = [...conversionNotes(video), ...pictureNotes(video), ...lossNotes(video, input), ...comparisonNotes(video, input)];
  if (unknown !== undefined) return { plays: null, reasons: [unknown], notes, sound };
  return { plays: true, reasons: [], notes, sound };
}

const NO_VIDEO: Reason = {
  code: 'video.none',
  message: 'The profile has no video.',
  advice: 'Add a video encoder to the profile in the camera, or use another profile.',
};

function blockingReasons(video: VideoReport, { framesPassed }: VerdictInput): Reason[] {
  const { codec, parameterSets, keyframes } = video;
  const hasParameterSets = codec === 'H264' || codec === 'H265';
  if (!hasParameterSets && !CONVERTED.has(codec)) return [otherCodec(codec)];
  const reasons: Reason[] = [];
  if (hasParameterSets && video.frames > 0 && !parameterSets.sdp && !parameterSets.inBand) reasons.push(noParameterSets(codec));
  if ((video.width ?? 0) * (video.height ?? 0) > MAX_DECODED_PIXELS) reasons.push(tooLarge(video));
  // Of codecs that are not looked into every picture should come through.
  const expected = keyframes ?? video.frames;
  if (reasons.length === 0 && expected > 0 && framesPassed === 0) reasons.push(NOT_PASSED);
  return reasons;
}

/** What plays because the gateway converts it. */
function conversionNotes({ codec, reordered }: VideoReport): Reason[] {
  if (codec === 'H265') return [H265];
  if (codec !== 'H264') return [convertedCodec(codec)];
  return reordered === true ? [B_FRAMES] : [];
}

function unknownReason(video: VideoReport, { seconds, framesPassed }: VerdictInput): Reason | undefined {
  const while_ = `in ${formatSeconds(seconds ?? 0)}`;
  if (video.packets === 0) {
    return {
      code: 'video.silent',
      message: `No video came ${while_}.`,
      advice: 'A camera that sends on motion only needs some; else restart it, or try another transport (--transport tcp).',
    };
  }
  if ((video.keyframes ?? framesPassed) > 0) return undefined;
  if (video.intraPictures > 0) {
    return {
      code: 'video.no_idr',
      message: `${video.intraPictures} I-frames came ${while_}, and none of them is a keyframe (IDR picture), which a viewer needs to start.`,
      advice: 'Switch open groups of pictures, intra refresh and "smart" codecs off in the video encoder.',
    };
  }
  return {
    code: 'video.no_keyframe',
    message: `No keyframe (IDR picture) came ${while_}; a viewer sees nothing before one.`,
    advice: 'Set the I-frame interval (GOP length) to 1 or 2 s, switch "smart" codecs off, or look longer (--duration 30).',
  };
}

function pictureNotes(video: VideoReport): Reason[] {
  const notes: Reason[] = [];
  const { keyframes, keyframeInterval, secondsSinceKeyframe, interlaced, chroma, bitDepth } = video;
  const longest = keyframes === 0 ? 0 : Math.max(keyframeInterval?.longestSeconds ?? 0, secondsSinceKeyframe);
  if (longest > LONG_INTERVAL_S) {
    notes.push({
      code: 'video.long_gop',
      message: `Keyframes are ${formatSeconds(longest)} apart or more: a viewer may wait that long for a picture.`,
      advice: 'Set the I-frame interval (GOP length) to 1 or 2 s.',
    });
  }
  if (interlaced === true) {
    notes.push({
      code: 'video.interlaced',
      message: 'The picture is interlaced: what moves has combs, and hardware decoders may refuse it.',
      advice: 'Set the encoder to progressive.',
    });
  }
  if (chroma !== null && bitDepth !== null && (chroma !== '4:2:0' || bitDepth !== 8)) {
    notes.push({
      code: 'video.format',
      message: `The picture is ${chroma} in ${bitDepth} bits: Chrome plays it, phones and hardware decoders may not.`,
      advice: 'Set the H.264 profile to Baseline, Main or High.',
    });
  }
  return notes;
}

function lossNotes({ packets, lost }: VideoReport, { transport }: VerdictInput): Reason[] {
  const share = lost / (packets + lost);
  if (!(share > NOTABLE_LOSS)) return [];
  const message = `${(share * 100).toFixed(1)} % of the packets were lost on the way from the camera.`;
  const advice =
    transport === 'udp'
      ? 'Pull it by TCP (transport: tcp), or look at its network.'
      : 'The camera itself drops them: lower its bitrate, or let fewer clients pull it.';
  return [{ code: 'video.loss', message, advice }];
}

function comparisonNotes(video: VideoReport, { configured }: VerdictInput): Reason[] {
  const limits = configured?.video;
  if (limits === undefined || limits === null) return [];
  const notes: Reason[] = [];
  const { framesPerSecond, bitrateKbps, width, height } = video;
  if (
    limits.framesPerSecond !== null &&
    framesPerSecond !== null &&
    framesPerSecond < limits.framesPerSecond * NOTABLE_FRAME_RATE
  ) {
    notes.push({
      code: 'video.slow',
      message: `It sends ${framesPerSecond.toFixed(1)} of the ${limits.framesPerSecond} frames a second that are set.`,
      advice: 'At night a long exposure time does that; by day the camera may be overloaded.',
    });
  }
  if (limits.bitrateKbps !== null && bitrateKbps !== null && bitrateKbps > limits.bitrateKbps * NOTABLE_BITRATE) {
    notes.push({
      code: 'video.bitrate',
      message: `It sends ${Math.round(bitrateKbps)} kbit/s where ${limits.bitrateKbps} are set.`,
      advice: 'Set the encoder to a constant bitrate (CBR) where viewers have little bandwidth.',
    });
  }
  if (width !== null && height !== null && limits.width > 0 && (width !== limits.width || height !== limits.height)) {
    notes.push({
      code: 'video.size',
      message: `It sends ${width}x${height}, and its configuration says ${limits.width}x${limits.height}.`,
      advice: 'Restart the camera where the picture is not as it should be; a turned picture does this, too.',
    });
  }
  return notes;
}

function judgeSound(
  { codec, sampleRateHz, channels }: AudioReport,
  { audioPassed, audioUsed }: VerdictInput,
): NonNullable<Verdict['sound']> {
  const isG711 = codec === 'PCMU' || codec === 'PCMA';
  if (isG711 && audioPassed && sampleRateHz !== null && sampleRateHz !== G711_RATE_HZ) {
    const message = `The sound is ${codecName(codec)} at ${sampleRateHz / 1000} kHz under the name of 8 kHz, as which browsers play it.`;
    return { plays: false, reason: { code: 'audio.rate', message, advice: 'Set the sample rate of the sound to 8 kHz.' } };
  }
  if (audioPassed) return { plays: true, reason: null };
  const form = [
    codecName(codec),
    isG711 && sampleRateHz !== null ? ` at ${sampleRateHz / 1000} kHz` : '',
    isG711 && channels !== 1 ? ` in ${channels} channels` : '',
  ].join('');
  const advice = 'Set the sound of this profile to G.711 (8 kHz, mono) or Opus.';
  return audioUsed
    ? {
        plays: true,
        reason: {
          code: 'audio.converted',
          message: `The sound is ${form}, which is converted to Opus; that needs ffmpeg.`,
          advice,
        },
      }
    : { plays: false, reason: { code: 'audio.codec', message: `The sound is ${form}, which is not played.`, advice } };
}

const SET_H264 = 'Set the video encoder of this profile to H.264.';
/** What the gateway makes H.264 of, and no browser plays. */
const CONVERTED: ReadonlySet<string> = new Set(['JPEG', 'MP4V-ES']);

const H265: Reason = {
  code: 'video.h265',
  message:
    'The picture is H.265, which few browsers play (Safari, Chrome with the right hardware); for the others it is converted, which needs ffmpeg and processor time.',
  advice: SET_H264,
};

function convertedCodec(codec: string): Reason {
  return {
    code: 'video.converted',
    message: `The picture is ${codecName(codec)}, which no browser plays by WebRTC: it is converted, which needs ffmpeg and processor time.`,
    advice: SET_H264,
  };
}

function otherCodec(codec: string): Reason {
  return {
    code: 'video.codec',
    message: `The picture is ${codecName(codec)}, which no browser plays by WebRTC, and the gateway cannot read.`,
    advice: SET_H264,
  };
}

const B_FRAMES: Reason = {
  code: 'video.b_frames',
  message:
    'The stream has B-frames: its pictures come in another order than they are shown in, which browsers cannot mend. It is converted, which needs ffmpeg and processor time.',
  advice: 'Set the number of B-frames to 0, or the H.264 profile to Baseline, which has none.',
};

function noParameterSets(codec: string): Reason {
  return {
    code: 'video.no_parameter_sets',
    message: `Neither the session description nor the stream has ${codec === 'H265' ? 'VPS, SPS and PPS' : 'SPS and PPS'}: no decoder can start.`,
    advice: 'Restart the camera or update its firmware; another profile may be right.',
  };
}

const NOT_PASSED: Reason = {
  code: 'video.not_passed',
  message: 'The gateway can make no whole picture of what comes.',
  advice: 'Look at the packets lost and damaged; pull it by TCP (--transport tcp).',
};

function tooLarge({ width, height }: VideoReport): Reason {
  return {
    code: 'video.too_large',
    message: `${width}x${height} is more than browsers decode, which is ${MAX_DECODED_PIXELS.toLocaleString('en')} pixels (4096x2304).`,
    advice: 'Set a smaller resolution, or use another profile.',
  };
}

function formatSeconds(seconds: number): string {
  return `${seconds < 10 ? seconds.toFixed(1).replace(/\.0$/, '') : Math.round(seconds)} s`;
}
