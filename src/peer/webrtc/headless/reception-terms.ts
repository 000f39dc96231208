import { TRANSPORT_FEEDBACK, TRANSPORT_SEQUENCE_EXTENSION } from '../offer.ts';

export type MediaKind = 'audio' | 'video';

/** What offer and answer agree on for who receives. */
export interface ReceptionTerms {
  /** What media packets are of, by payload type: of bundled sections those differ, and so need no SSRC to be told apart (RFC 8843 section 9.2). */
  kinds: ReadonlyMap<number, MediaKind>;
  /** Payload type by that of its retransmissions (RFC 4588 section 8.1). */
  repairedTypes: ReadonlyMap<number, number>;
  /** Missing packets of the picture may be asked for. */
  asksForMissing: boolean;
  /** Id of the header extension that numbers the packets of the transport; undefined where no feedback on them is wanted. */
  transportSequenceId: number | undefined;
}

/** @param answer which holds no more than was offered */
export function readTerms(answer: string): ReceptionTerms {
  const video = answer.split(/^(?=m=)/m).find((section) => section.startsWith('m=video')) ?? '';
  const givesFeedback = new RegExp(`^a=rtcp-fb:\\S+ ${TRANSPORT_FEEDBACK}\\s*$`, 'm').test(answer);
  return {
    kinds: new Map(
      Array.from(answer.matchAll(/^m=(audio|video) \d{1,5} \S+ ([\d ]+)/gm)).flatMap(([, kind, payloadTypes = '']) =>
        payloadTypes.split(' ').map((payloadType) => [Number(payloadType), kind === 'audio' ? 'audio' : 'video'] as const),
      ),
    ),
    repairedTypes: new Map(
      Array.from(answer.matchAll(/^a=fmtp:(\d{1,3}) (?:.*;\s*)?apt=(\d{1,3})/gm), ([, repair, media]) => [
        Number(repair),
        Number(media),
      ]),
    ),
    asksForMissing: /^a=rtcp-fb:\S+ nack\s*$/m.test(video),
    transportSequenceId: givesFeedback ? extensionId(answer, TRANSPORT_SEQUENCE_EXTENSION) : undefined,
  };
}

/** One for all sections that are bundled (RFC 8843 section 15). */
function extensionId(description: string, uri: string): number | undefined {
  for (const [, id, named] of description.matchAll(/^a=extmap:(\d{1,2})(?:\/\w+)? (\S+)/gm)) if (named === uri) return Number(id);
  return undefined;
}
