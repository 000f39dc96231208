import { readMediaKinds, type MediaKind } from '../answer.ts';
import { TRANSPORT_FEEDBACK, TRANSPORT_SEQUENCE_EXTENSION } from '../offer.ts';

/** What offer and answer agree on for who receives. */
export interface ReceptionTerms {
  /** What packets are of, by payload type: also those of codecs that were offered and not accepted, which some send all the same. */
  kinds: ReadonlyMap<number, MediaKind>;
  /** Payload type by that of its retransmissions (RFC 4588 section 8.1). */
  repairedTypes: ReadonlyMap<number, number>;
  /** Missing packets of the picture may be asked for. */
  asksForMissing: boolean;
  /** Id of the header extension that numbers the packets of the transport; undefined where no feedback on them is wanted. */
  transportSequenceId: number | undefined;
}

export function readTerms(offer: string, answer: string): ReceptionTerms {
  const video = answer.split(/^(?=m=)/m).find((section) => section.startsWith('m=video')) ?? '';
  const givesFeedback = new RegExp(`^a=rtcp-fb:\\S+ ${TRANSPORT_FEEDBACK}\\s*$`, 'm').test(answer);
  return {
    kinds: readMediaKinds(offer),
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
