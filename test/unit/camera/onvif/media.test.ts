import { describe, expect, it } from 'vitest';
import { findElement, textAt } from '../../../../src/camera/xml.ts';
import { connect, connectTo, errorOf, fault, refuse, startCamera, withServices } from './scripted-camera.ts';

const MEDIA1 = 'ver10/media';
const MEDIA2 = 'ver20/media';

const CONFIGURATIONS = {
  videoSource: null,
  videoEncoder: null,
  audioEncoder: null,
  metadata: null,
  ptz: null,
  audioOutput: null,
  audioDecoder: null,
};

describe('a snapshot', () => {
  it('is fetched at the host that we reached, without the credentials that some cameras write into the address', async () => {
    const answer = '<r><MediaUri><Uri>http://admin:pw@192.168.1.64/snap.jpg?channel=1&amp;q=2</Uri></MediaUri></r>';
    const { port } = await startCamera({ ...withServices(MEDIA1), GetSnapshotUri: answer });
    const { media } = await connect(port);
    expect(await media.snapshotUri('0')).toBe(`http://127.0.0.1:${port}/snap.jpg?channel=1&q=2`);
  });

  it('is asked for by Media2 first, whose answer has another form', async () => {
    const GetSnapshotUri = '<r><Uri>http://127.0.0.1:8000/snap</Uri></r>';
    const { device, requests } = await connectTo({ GetSnapshotUri }, MEDIA1, MEDIA2);
    expect(await device.media.snapshotUri('<&>')).toBe('http://127.0.0.1:8000/snap');
    expect(requests.at(-1)?.path).toBe('/ver20/media');
    expect(textAt(requests.at(-1)?.body, 'ProfileToken')).toBe('<&>');
  });

  it('is none where the camera names no http address', async () => {
    for (const uri of ['', 'ftp://192.168.1.64/x', 'javascript:alert(1)']) {
      const { device } = await connectTo({ GetSnapshotUri: `<r><Uri>${uri}</Uri></r>` }, MEDIA2);
      expect((await errorOf(device.media.snapshotUri('0'))).message).toContain('gave no snapshot address');
    }
  });
});

describe('a token that would write into a terminal', () => {
  const TOKEN = 'a\u001b[2J\ncamera yard online';
  it('goes to the camera as it is, and into messages as text', async () => {
    const { device, requests } = await connectTo(
      { GetSnapshotUri: '<r/>', GetStreamUri: '<r/>', GetMetadataConfigurations: '<r/>' },
      MEDIA2,
    );
    for (const asked of [
      device.media.snapshotUri(TOKEN),
      device.media.streamUri(TOKEN),
      device.media.setMetadataConfiguration(TOKEN, {}),
    ]) {
      const { message } = await errorOf(asked);
      expect(message).toContain('a [2J camera yard online');
      expect(message).not.toMatch(/\p{C}/u);
    }
    const asked = requests.map(({ body }) => textAt(body, 'ProfileToken')).filter((token) => token !== undefined);
    expect(asked).toEqual(expect.arrayContaining([expect.stringContaining('camera yard online')]));
    expect(asked.every((token) => token.includes('\n'))).toBe(true);
  });
});

describe('a Media2 that does not work', () => {
  it.each([
    ['faults', refuse(500, fault('ter:Action', 'Internal error'))],
    ['answers nothing', refuse(200, '')],
    ['answers with a web page', refuse(404, '<html>Not found</html>')],
    ['is overloaded', refuse(503, '')],
  ])('that %s is passed over for Media1', async (_, broken) => {
    const { device, requests } = await connectTo(
      {
        'media/GetProfiles': (request, response) =>
          request.path === '/ver20/media' ? broken(request, response) : profiles(request, response),
      },
      MEDIA1,
      MEDIA2,
    );
    expect(await device.profiles()).toMatchObject([{ token: 'p' }]);
    expect(requests.at(-1)?.path).toBe('/ver10/media');
  });

  const profiles = refuse(200, '<e:Envelope xmlns:e="x"><e:Body><r><Profiles token="p"/></r></e:Body></e:Envelope>');
});

describe('metadata configurations', () => {
  const configuration = `<tr2:Configurations token="meta&amp;1" CompressionType="None"><tt:Name>m</tt:Name><tt:UseCount>1</tt:UseCount>
    <tt:PTZStatus><tt:Status>true</tt:Status><tt:Position>false</tt:Position></tt:PTZStatus>
    <tt:Events><tt:Filter><wsnt:TopicExpression Dialect="d">tns1:RuleEngine//.</wsnt:TopicExpression></tt:Filter></tt:Events>
    <tt:Analytics>true</tt:Analytics><tt:Multicast><tt:Port>4000</tt:Port></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>
    <v:Extra xmlns:v="vendor">7</v:Extra></tr2:Configurations>`;
  const answer = `<tr2:r xmlns:tr2="m2" xmlns:tt="schema" xmlns:wsnt="wsn" xmlns:tns1="topics">${configuration}
    <tr2:Configurations token="bare"/><tr2:Configurations/></tr2:r>`;

  it('say what the metadata stream carries', async () => {
    const { device } = await connectTo({ GetMetadataConfigurations: answer }, MEDIA1, MEDIA2);
    expect(await device.media.metadataConfigurations()).toEqual([
      { token: 'meta&1', name: 'm', analytics: true, events: true, ptzStatus: true, ptzPosition: false },
      { token: 'bare', name: 'bare', analytics: false, events: false, ptzStatus: false, ptzPosition: false },
    ]);
  });

  it('are written back whole: what is not changed stays, known to us or not, with its namespaces', async () => {
    const answers = { GetMetadataConfigurations: answer, SetMetadataConfiguration: '<r/>' };
    const { device, requests } = await connectTo(answers, MEDIA2);
    await device.media.setMetadataConfiguration('meta&1', { analytics: false, ptzPosition: true });
    const written = findElement(requests.at(-1)?.body, 'Configuration');
    expect(written?.attributes).toEqual(
      new Map([
        ['token', 'meta&1'],
        ['CompressionType', 'None'],
      ]),
    );
    expect(written?.children.map(({ name, text }) => `${name} ${text}`)).toEqual([
      'Name m',
      'UseCount 1',
      'PTZStatus ',
      'Events ',
      'Analytics false',
      'Multicast ',
      'SessionTimeout PT60S',
      'Extra 7',
    ]);
    expect(textAt(written, 'PTZStatus', 'Status')).toBe('true');
    expect(textAt(written, 'PTZStatus', 'Position')).toBe('true');
    expect(textAt(written, 'Events', 'Filter', 'TopicExpression')).toBe('tns1:RuleEngine//.');
    // A prefix in a text means nothing without its declaration.
    expect(requests.at(-1)?.text).toMatch(/<tt:Events [^>]*xmlns:tns1="topics"/);
    expect(requests.at(-1)?.text).toContain('<v:Extra xmlns:tr2="m2" xmlns:tt="schema"');
  });

  it('can have events switched off and on; on without a filter means all, and a filter that is there stays', async () => {
    const answers = { GetMetadataConfigurations: answer, SetMetadataConfiguration: '<r/>' };
    const { device, requests } = await connectTo(answers, MEDIA1);
    const written = (): string[] => findElement(requests.at(-1)?.body, 'Configuration')?.children.map(({ name }) => name) ?? [];
    await device.media.setMetadataConfiguration('meta&1', { events: false });
    expect(written()).not.toContain('Events');
    expect(textAt(requests.at(-1)?.body, 'ForcePersistence')).toBe('true');
    await device.media.setMetadataConfiguration('bare', { events: true });
    expect(written()).toEqual(['Events']);
    await device.media.setMetadataConfiguration('meta&1', { events: true });
    expect(textAt(requests.at(-1)?.body, 'Configuration', 'Events', 'Filter', 'TopicExpression')).toBe('tns1:RuleEngine//.');
  });

  it('that are not there are told', async () => {
    const { device } = await connectTo({ GetMetadataConfigurations: answer }, MEDIA2);
    const error = await errorOf(device.media.setMetadataConfiguration('gone', { events: true }));
    expect(error).toMatchObject({ code: 'camera.fault', message: expect.stringContaining('"gone"') as string });
  });
});

describe('talk-back', () => {
  it('lists the audio outputs by Media1, or by DeviceIO where there is no Media1', async () => {
    const outputs = '<r><AudioOutputs token="speaker"/><AudioOutputs token="line"/></r>';
    const { device } = await connectTo({ GetAudioOutputs: outputs }, MEDIA1, MEDIA2);
    expect(await device.media.audioOutputs()).toEqual(['speaker', 'line']);
    const modern = await connectTo({ GetAudioOutputs: '<r><tmd:Token>speaker</tmd:Token></r>' }, MEDIA2, 'ver10/deviceIO');
    expect(await modern.device.media.audioOutputs()).toEqual(['speaker']);
    const mute = await connectTo({}, MEDIA1);
    expect(await mute.device.media.audioOutputs()).toEqual([]);
  });

  it('is made possible by adding to the profile what it lacks, and only that', async () => {
    const answers = {
      GetCompatibleAudioDecoderConfigurations: '<r><Configurations token="decoder 1"/><Configurations token="decoder 2"/></r>',
      AddAudioDecoderConfiguration: '<r/>',
    };
    const { device, requests } = await connectTo(answers, MEDIA1);
    const before = requests.length;
    const profile = { token: 'main', configurations: { ...CONFIGURATIONS, audioOutput: 'speaker' } };
    expect(await device.media.enableTalkBack(profile)).toBe(true);
    expect(requests.slice(before).map(({ name }) => name)).toEqual(Object.keys(answers));
    expect(textAt(requests.at(-1)?.body, 'ProfileToken')).toBe('main');
    expect(textAt(requests.at(-1)?.body, 'ConfigurationToken')).toBe('decoder 1');
  });

  it('is added by Media2 with its one call for all kinds of configuration', async () => {
    const answers = {
      GetAudioOutputConfigurations: '<r><Configurations token="out"/></r>',
      GetAudioDecoderConfigurations: '<r><Configurations token="dec"/></r>',
      AddConfiguration: '<r/>',
    };
    const { device, requests } = await connectTo(answers, MEDIA2);
    expect(await device.media.enableTalkBack({ token: 'main', configurations: CONFIGURATIONS })).toBe(true);
    const added = requests.filter(({ name }) => name === 'AddConfiguration').map(({ body }) => body);
    const references = added.map((body) => `${textAt(body, 'Configuration', 'Type')} ${textAt(body, 'Configuration', 'Token')}`);
    expect(references).toEqual(['AudioOutput out', 'AudioDecoder dec']);
  });

  it('is not possible where the camera has nothing that fits', async () => {
    const { device } = await connectTo({ GetAudioOutputConfigurations: '<r/>' }, MEDIA2);
    expect(await device.media.enableTalkBack({ token: 'main', configurations: CONFIGURATIONS })).toBe(false);
  });
});

describe('a device without media', () => {
  it('is told as such', async () => {
    const { device } = await connectTo({}, 'ver10/events');
    expect((await errorOf(device.profiles())).code).toBe('camera.no_profiles');
    expect((await errorOf(device.streamUri('0'))).message).toContain('has no media service');
  });
});
