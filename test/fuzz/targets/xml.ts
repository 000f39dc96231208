import { XMLValidator } from 'fast-xml-parser';
import {
  parseAnnouncement,
  parseProbeMatches,
  type Announcement,
  type DeviceDescription,
} from '../../../src/camera/discovery/message.ts';
import {
  parseCapabilities,
  parseDeviceInformation,
  parseServices,
  parseSystemDateAndTime,
} from '../../../src/camera/onvif/device-answers.ts';
import { parseEvents } from '../../../src/camera/onvif/events.ts';
import { metadataRequestContent, parseMetadataConfigurations } from '../../../src/camera/onvif/metadata-configuration.ts';
import { parseMedia1Profiles, parseMedia2Profiles, parseMediaUri } from '../../../src/camera/onvif/profiles.ts';
import { isRefusal, parseSoapAnswer } from '../../../src/camera/onvif/soap-answer.ts';
import { copyXml, parseXml, type XmlElement } from '../../../src/camera/xml.ts';
import { buildBye, buildHello, buildMatches } from '../../../src/simulator/discovery-message.ts';
import { corpusFiles, texts } from '../corpus.ts';
import { demand, type FuzzTarget } from '../target.ts';

const soap: FuzzTarget = {
  name: 'soap-answers',
  form: 'text',
  corpus: corpusFiles(/^soap-.*\.xml$/),
  share: 4,
  run(input) {
    const text = input.toString('utf8');
    const answer = parseSoapAnswer(text);
    if (answer.type === 'fault') {
      demand(answer.fault.codes.length <= 8, 'a fault has a bounded number of codes');
      demandPrintable(answer.fault.text, ...answer.fault.codes);
      isRefusal(answer.fault);
    }
    if (answer.type !== 'answer') return;
    const { body } = answer;
    const time = parseSystemDateAndTime(body);
    demand(time === undefined || Number.isFinite(time), 'a time is a number');
    const { manufacturer, model, firmware, serial, hardware } = parseDeviceInformation(body);
    demandPrintable(manufacturer, model, firmware, serial, hardware);
    for (const { name, version } of [...parseServices(body), ...parseCapabilities(body)]) demandPrintable(name, version ?? '');
    for (const { name } of parseMetadataConfigurations(body)) demandPrintable(name);
    for (const { topic, time } of parseEvents(body, 100).events) {
      demandPrintable(topic);
      demand(time === null || Number.isFinite(time), 'a time is a number');
    }
    metadataRequestContent(body, { analytics: true });
    // The parser forgives tags that do not match; what it makes of them need not survive a copy.
    if (XMLValidator.validate(text) === true) demandSame(parseXml(copyXml(body)), body);
    parseMediaUri(body);
    for (const profile of [...parseMedia1Profiles(body), ...parseMedia2Profiles(body)]) {
      demand(profile.token !== '', 'a profile has a token');
      demandPrintable(profile.name, profile.video?.codec ?? '', profile.video?.profile ?? '', profile.audio?.codec ?? '');
      const { width = 0, height = 0, framesPerSecond, bitrateKbps, govLength } = profile.video ?? {};
      demand([width, height, framesPerSecond, bitrateKbps, govLength].every(isNumberIfAny), 'numbers are finite');
    }
  },
};

function demandSame(copy: XmlElement | undefined, element: XmlElement): void {
  demand(copy?.name === element.name && copy.text === element.text, 'a copy has name and text of the element');
  demand(copy.children.length === element.children.length, 'a copy has the children of the element');
  element.children.forEach((child, index) => demandSame(copy.children[index], child));
}

function isNumberIfAny(value: number | null | undefined): boolean {
  return value === null || value === undefined || Number.isFinite(value);
}

function demandPrintable(...each: string[]): void {
  for (const text of each) demand(text.length <= 200 && !/\p{Cc}/u.test(text), 'what a camera wrote can stand in a log');
}

const DEVICE = {
  endpointReference: 'urn:uuid:11111111-2222-4333-8444-555555555555',
  scopes: ['onvif://www.onvif.org/name/Front%20door', 'onvif://www.onvif.org/hardware/X1'],
  xAddrs: ['http://192.0.2.20/onvif/device_service', 'http://[2001:db8::20]/onvif/device_service'],
};
const ORIGIN = { messageId: 'urn:uuid:99999999-2222-4333-8444-555555555555', instanceId: 1, messageNumber: 2 };
const QUERY = { kind: 'probe', messageId: 'urn:uuid:1', types: [], scopes: { rule: '', values: [] } } as const;

const discovery: FuzzTarget = {
  name: 'ws-discovery',
  form: 'text',
  corpus: texts(
    buildMatches({ ...QUERY, types: [], scopes: { rule: '', values: [] } }, DEVICE, ORIGIN),
    buildHello(DEVICE, ORIGIN),
    buildBye(DEVICE, ORIGIN),
  ),
  share: 2,
  run(input) {
    const found = parseProbeMatches(input);
    demand((found?.matches.length ?? 1) >= 1 && (found?.matches.length ?? 0) <= 256, 'a message has 1 to 256 matches');
    for (const match of found?.matches ?? []) demandDescription(match);
    const announcement: Announcement | undefined = parseAnnouncement(input);
    if (announcement === undefined) return;
    demand((announcement.messageId?.length ?? 0) <= 1024, 'a message id has a bounded length');
    demandDescription(announcement.device);
  },
};

function demandDescription({ endpointReference, xaddrs, types, scopes }: DeviceDescription): void {
  demand(endpointReference !== '' && endpointReference.length <= 1024, 'a device has a name of bounded length');
  for (const list of [xaddrs, types, scopes]) {
    demand(list.length <= 64 && list.every((item) => item.length <= 1024), 'lists are bounded');
  }
  demand(
    xaddrs.every((xaddr) => /^https?:/i.test(xaddr)),
    'addresses are HTTP URLs',
  );
}

export const XML_TARGETS: readonly FuzzTarget[] = [soap, discovery];
