import { spawnSync } from 'node:child_process';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { eventDocuments } from '../../../../src/camera/onvif/event-document.ts';
import { parseEvents } from '../../../../src/camera/onvif/events.ts';
import { parseSoapAnswer } from '../../../../src/camera/onvif/soap-answer.ts';

/*
 * Answers to PullMessages in the manner of several makers. What is made of them is read by parsers that are not ours: fast-xml-parser, and
 * expat (Python's xml.etree), which knows namespaces and forgives nothing.
 */

const NAMESPACES = {
  schema: 'http://www.onvif.org/ver10/schema',
  notification: 'http://docs.oasis-open.org/wsn/b-2',
  topics: 'http://www.onvif.org/ver10/topics',
  addressing: 'http://www.w3.org/2005/08/addressing',
};

/** gSOAP declares all that it knows at the envelope. */
const AXIS = `<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:SOAP-ENC="http://www.w3.org/2003/05/soap-encoding" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:wsa5="${NAMESPACES.addressing}" xmlns:wstop="http://docs.oasis-open.org/wsn/t-1" xmlns:wsnt="${NAMESPACES.notification}" xmlns:tt="${NAMESPACES.schema}" xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:acertificates="http://www.axis.com/vapix/ws/certificates" xmlns:aev="http://www.axis.com/vapix/ws/event1" xmlns:tnsaxis="http://www.axis.com/2009/event/topics" xmlns:tns1="${NAMESPACES.topics}"><SOAP-ENV:Header><wsa5:Action SOAP-ENV:mustUnderstand="true">http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesResponse</wsa5:Action></SOAP-ENV:Header><SOAP-ENV:Body><tev:PullMessagesResponse><tev:CurrentTime>2026-11-21T19:01:02Z</tev:CurrentTime><tev:TerminationTime>2026-11-21T19:02:02Z</tev:TerminationTime>
<wsnt:NotificationMessage><wsnt:SubscriptionReference><wsa5:Address>http://192.168.1.90/onvif/services</wsa5:Address><wsa5:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">42</dom0:SubscriptionId></wsa5:ReferenceParameters></wsnt:SubscriptionReference><wsnt:Topic Dialect="http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple">tns1:VideoAnalytics/tnsaxis:MotionDetection</wsnt:Topic><wsnt:ProducerReference><wsa5:Address>uri://5581ad80-95b0-11e0-b883-00408cef7b0b/ProducerReference</wsa5:Address></wsnt:ProducerReference><wsnt:Message><tt:Message UtcTime="2026-11-21T19:01:01.981294Z" PropertyOperation="Initialized"><tt:Source><tt:SimpleItem Name="window" Value="0"></tt:SimpleItem></tt:Source><tt:Key></tt:Key><tt:Data><tt:SimpleItem Name="motion" Value="0"></tt:SimpleItem></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>
</tev:PullMessagesResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>`;

/** Declares some where they are used, and writes values that need escapes. */
const HIKVISION = `<?xml version="1.0" encoding="UTF-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:soapenc="http://www.w3.org/2003/05/soap-encoding" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tt="${NAMESPACES.schema}" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:tns1="${NAMESPACES.topics}" xmlns:wsnt="${NAMESPACES.notification}" xmlns:hikwsd="http://www.onvifext.com/onvif/ext/ver10/wsdl" xmlns:hikxsd="http://www.onvifext.com/onvif/ext/ver10/schema"><env:Body><tev:PullMessagesResponse><tev:CurrentTime>2026-11-21T19:01:02Z</tev:CurrentTime><tev:TerminationTime>2026-11-21T19:11:07Z</tev:TerminationTime>
<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:RuleEngine/CellMotionDetector/Motion</wsnt:Topic>
<wsnt:Message><tt:Message UtcTime="2026-11-21T19:01:02Z" PropertyOperation="Changed"><tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="VideoSourceToken"/>
<tt:SimpleItem Name="VideoAnalyticsConfigurationToken" Value="VideoAnalyticsToken"/>
<tt:SimpleItem Name="Rule" Value="Gate &amp; &quot;yard&quot; &lt;1&gt; Größe"/>
</tt:Source>
<tt:Data><tt:SimpleItem Name="IsMotion" Value="true"/>
<tt:ElementItem Name="Object"><tt:Object ObjectId="7"><hikxsd:Extra xsi:type="xs:string">a &amp; b</hikxsd:Extra></tt:Object></tt:ElementItem>
</tt:Data>
</tt:Message>
</wsnt:Message>
</wsnt:NotificationMessage>
</tev:PullMessagesResponse></env:Body></env:Envelope>`;

/** Other prefixes, a default namespace, a prefix in a topic that is declared nowhere, and a text with a bare ampersand. */
const DAHUA = `<?xml version="1.0" encoding="utf-8" standalone="yes" ?><s:Envelope xmlns:sc="http://www.w3.org/2003/05/soap-encoding" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:b="${NAMESPACES.notification}" xmlns:sch="${NAMESPACES.schema}" xmlns:ev="http://www.onvif.org/ver10/events/wsdl" xmlns:dh="http://www.dahuatech.com/ver10/topics"><s:Body><ev:PullMessagesResponse>
<b:NotificationMessage><b:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:VideoSource/dh:GlobalSceneChange/ImagingService</b:Topic>
<b:Message><sch:Message PropertyOperation="Initialized" UtcTime="2026-11-21T19:01:03Z"><sch:Source><sch:SimpleItem Name="Source" Value="00000"/></sch:Source><sch:Data><sch:SimpleItem Value="false" Name="State"/></sch:Data></sch:Message></b:Message></b:NotificationMessage>
<NotificationMessage xmlns="${NAMESPACES.notification}"><Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:Device/Trigger/DigitalInput</Topic>
<Message><Message xmlns="${NAMESPACES.schema}" PropertyOperation="Changed" UtcTime="2026-11-21T19:01:04Z"><Source><SimpleItem Name="InputToken" Value="Door & gate"/></Source><Data><SimpleItem Name="LogicalState" Value="true"/></Data></Message></Message></NotificationMessage>
</ev:PullMessagesResponse></s:Body></s:Envelope>`;

function documentOf(answer: string): string {
  const soap = parseSoapAnswer(answer);
  if (soap.type !== 'answer') throw new Error('that is no SOAP answer');
  const documents = eventDocuments(parseEvents(soap.body, 100).events.flatMap(({ notification }) => notification ?? []));
  expect(documents).toHaveLength(1);
  return documents[0] ?? '';
}

const READ_BY_EXPAT = `
import json, sys, xml.etree.ElementTree as tree
t, w, a = ('{%s}' % namespace for namespace in sys.argv[1:4])
root = tree.fromstring(sys.stdin.buffer.read())
def items(message, part):
    return {item.get('Name'): item.get('Value') for item in message.iterfind('./%s%s/%sSimpleItem' % (t, part, t))}
print(json.dumps([root.tag, [child.tag for child in root]] + [
    [n.tag, n.find(w + 'Topic').text, m.get('UtcTime'), m.get('PropertyOperation'), items(m, 'Source'), items(m, 'Data'),
     n.find(w + 'SubscriptionReference') is not None, getattr(n.find('./%sProducerReference/%sAddress' % (w, a)), 'text', None)]
    for n in root[0] for m in n.iterfind('./%sMessage/%sMessage' % (w, t))]))
`;

/** Root, its children, and of each notification: name, topic, time, operation, source, data, whether it tells the subscription, producer. */
function readByExpat(document: string): unknown[] {
  const { schema, notification, addressing } = NAMESPACES;
  const { stdout, stderr } = spawnSync('python3', ['-c', READ_BY_EXPAT, schema, notification, addressing], { input: document });
  if (stdout.length === 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString()) as unknown[];
}

describe('a document of events', () => {
  it.each([
    [
      'Axis',
      AXIS,
      [
        [
          'tns1:VideoAnalytics/tnsaxis:MotionDetection',
          '2026-11-21T19:01:01.981294Z',
          'Initialized',
          { window: '0' },
          { motion: '0' },
          false,
          'uri://5581ad80-95b0-11e0-b883-00408cef7b0b/ProducerReference',
        ],
      ],
    ],
    [
      'Hikvision',
      HIKVISION,
      [
        [
          'tns1:RuleEngine/CellMotionDetector/Motion',
          '2026-11-21T19:01:02Z',
          'Changed',
          {
            VideoSourceConfigurationToken: 'VideoSourceToken',
            VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken',
            Rule: 'Gate & "yard" <1> Größe',
          },
          { IsMotion: 'true' },
          false,
          null,
        ],
      ],
    ],
    [
      'Dahua',
      DAHUA,
      [
        [
          'tns1:VideoSource/dh:GlobalSceneChange/ImagingService',
          '2026-11-21T19:01:03Z',
          'Initialized',
          { Source: '00000' },
          { State: 'false' },
          false,
          null,
        ],
        [
          'tns1:Device/Trigger/DigitalInput',
          '2026-11-21T19:01:04Z',
          'Changed',
          { InputToken: 'Door & gate' },
          { LogicalState: 'true' },
          false,
          null,
        ],
      ],
    ],
  ])('holds what a camera in the manner of %s says, for the strictest of parsers', (_, answer, said) => {
    const document = documentOf(answer);
    expect(XMLValidator.validate(document)).toBe(true);
    expect(readByExpat(document)).toEqual([
      `{${NAMESPACES.schema}}MetadataStream`,
      [`{${NAMESPACES.schema}}Event`],
      ...said.map((each) => [`{${NAMESPACES.notification}}NotificationMessage`, ...each]),
    ]);
    // What prefixes in topics and types mean can be looked up.
    const declared = JSON.stringify(new XMLParser({ ignoreAttributes: false }).parse(document));
    const prefixes = [...document.matchAll(/(?:[>/]|type=")([a-z\d]+):[A-Za-z]/g)].map(([, prefix]) => prefix);
    expect(prefixes.length).toBeGreaterThan(0);
    for (const prefix of prefixes) expect(declared).toContain(`xmlns:${prefix}"`);
  });

  it('declares what it needs and no more: not what the envelope declared for the camera’s own sake', () => {
    expect(documentOf(AXIS)).not.toContain('vapix');
    expect(documentOf(AXIS).length).toBeLessThan(AXIS.length);
    expect(documentOf(HIKVISION)).not.toContain('hikwsd');
  });

  it('is one of many, where the notifications are very many, and none where there are none', () => {
    expect(eventDocuments([])).toEqual([]);
    const notification = `<n>${'x'.repeat(60_000)}</n>`;
    const documents = eventDocuments(Array<string>(40).fill(notification));
    expect(documents.map((document) => document.split('<n>').length - 1)).toEqual([17, 17, 6]);
    for (const document of documents) expect(XMLValidator.validate(document)).toBe(true);
  });
});
