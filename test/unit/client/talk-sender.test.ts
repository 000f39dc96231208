import { describe, expect, it } from 'vitest';
import type { PeerConnection, Track, Transceiver } from '../../../src/client/index.ts';
import { TalkSender } from '../../../src/client/talk-sender.ts';

const MICROPHONE: Track = { kind: 'audio', id: 'microphone' };

/** A connection with a video and an audio section, and what its audio sender was given. */
function connectionWith(mids: readonly string[]): {
  connection: PeerConnection;
  transceivers: Transceiver[];
  sent: (Track | null)[];
} {
  const sent: (Track | null)[] = [];
  const sender = {
    replaceTrack: (track: Track | null) => {
      sent.push(track);
      return Promise.resolve();
    },
  };
  const transceivers = mids.map((mid): Transceiver => ({ mid, direction: 'recvonly', sender }));
  return { connection: { getTransceivers: () => transceivers } as unknown as PeerConnection, transceivers, sent };
}

const offer = (direction: string): string =>
  `v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:0\r\na=sendonly\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\n${direction}\r\n`;

describe('an offer', () => {
  it.each([
    ['a=sendrecv', 'sendrecv'],
    ['a=recvonly', 'sendonly'],
    // RFC 8866 section 6.7: both ways where nothing is said.
    ['a=rtcp-mux', 'sendrecv'],
  ])('with %s for its sound is answered by %s, and takes a microphone', async (direction, answered) => {
    const { connection, transceivers, sent } = connectionWith(['0', '1']);
    const talk = new TalkSender();
    talk.accept(connection, offer(direction));
    expect(talk.isOffered).toBe(true);
    expect(transceivers.map((each) => each.direction)).toEqual(['recvonly', answered]);
    await talk.send(MICROPHONE);
    await talk.send(null);
    expect(sent).toEqual([MICROPHONE, null]);
  });

  it.each(['a=sendonly', 'a=inactive'])('with %s takes none', async (direction) => {
    const { connection, transceivers, sent } = connectionWith(['0', '1']);
    const talk = new TalkSender();
    talk.accept(connection, offer(direction));
    expect(talk.isOffered).toBe(false);
    expect(transceivers.map((each) => each.direction)).toEqual(['recvonly', 'recvonly']);
    await expect(talk.send(MICROPHONE)).rejects.toMatchObject({ code: 488 });
    expect(sent).toEqual([]);
  });

  it('without sound, or for a connection that cannot send, takes none', () => {
    const talk = new TalkSender();
    talk.accept(connectionWith(['0']).connection, offer('a=sendrecv'));
    expect(talk.isOffered).toBe(false);
    talk.accept({} as PeerConnection, offer('a=sendrecv'));
    expect(talk.isOffered).toBe(false);
    talk.accept(connectionWith(['0']).connection, 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:0\r\n');
    expect(talk.isOffered).toBe(false);
  });

  it('that is made anew without sound takes no more', () => {
    const { connection } = connectionWith(['0', '1']);
    const talk = new TalkSender();
    talk.accept(connection, offer('a=sendrecv'));
    talk.accept(connection, offer('a=sendonly'));
    expect(talk.isOffered).toBe(false);
  });
});
